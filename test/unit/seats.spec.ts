import { staleSeatsToRelease, type SeatPresence } from '../../src/domain/seats.js';

const NOW = new Date('2026-06-01T12:00:00Z');
const DAY = 86_400_000;
const daysAgo = (days: number, ms = 0) => new Date(NOW.getTime() - days * DAY + ms);
const seat = (id: string, lastSeenAt: Date, offlineUntil: Date | null = null): SeatPresence => ({
  id,
  lastSeenAt,
  offlineUntil,
});

describe('seats that an activation may take', () => {
  it.each([
    ['seen just now', seat('a', NOW), []],
    ['unseen for a millisecond less than 30 days', seat('a', daysAgo(30, 1)), []],
    ['unseen for 30 days to the millisecond', seat('a', daysAgo(30)), ['a']],
    ['unseen, with its offline lease over', seat('a', daysAgo(90), daysAgo(1)), ['a']],
    ['unseen, with its offline lease ending now', seat('a', daysAgo(90), NOW), ['a']],
    ['unseen, promised to work offline', seat('a', daysAgo(90), daysAgo(0, 1)), []],
  ])('one %s', (_name, presence, expected) => {
    expect(staleSeatsToRelease([presence], { now: NOW, releaseAfterDays: 30, needed: 1 })).toEqual(expected);
  });

  const SEATS = [
    seat('forty', daysAgo(40)),
    seat('fifty', daysAgo(50)),
    seat('offline', daysAgo(99), daysAgo(-1)),
    seat('fresh', daysAgo(1)),
    seat('sixty', daysAgo(60)),
  ];

  it.each([
    [-1, []],
    [0, []],
    [1, ['sixty']],
    [2, ['sixty', 'fifty']],
    [9, ['sixty', 'fifty', 'forty']],
  ])('%i needed: the longest unseen first', (needed, expected) => {
    expect(staleSeatsToRelease(SEATS, { now: NOW, releaseAfterDays: 30, needed })).toEqual(expected);
  });

  it('are none where the policy releases none', () => {
    expect(staleSeatsToRelease(SEATS, { now: NOW, releaseAfterDays: null, needed: 9 })).toEqual([]);
  });

  it('are picked without disturbing the facts', () => {
    const order = SEATS.map(({ id }) => id);
    staleSeatsToRelease(SEATS, { now: NOW, releaseAfterDays: 30, needed: 9 });
    expect(SEATS.map(({ id }) => id)).toEqual(order);
  });
});
