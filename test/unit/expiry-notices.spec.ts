import { daysLeft, NOTICE_DAYS, noticesSince } from '../../src/domain/expiry-notices.js';

const NOW = new Date('2027-03-01T12:00:00.000Z');

describe('the days that are left', () => {
  it.each([
    ['2027-03-31T12:00:00.000Z', 30],
    ['2027-03-31T11:00:00.000Z', 30],
    ['2027-03-31T12:00:00.001Z', 31],
    ['2027-03-02T12:00:00.000Z', 1],
    ['2027-03-01T12:00:00.001Z', 1],
    ['2027-03-01T12:00:00.000Z', 0],
    ['2026-03-01T12:00:00.000Z', 0],
  ])('until %s are %d', (end, days) => {
    expect(daysLeft(new Date(end), NOW)).toBe(days);
  });
});

it('a notice is not given once it is a week late', () => {
  expect(noticesSince(NOW).toISOString()).toBe('2027-02-22T12:00:00.000Z');
  expect([...NOTICE_DAYS]).toEqual([30, 7, 1, 0]);
});
