import { SPREAD_MS, backoffMs, nextCheckAt, type CheckFacts } from '../../src/domain/backoff.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.parse('2027-03-01T12:00:00.000Z');

const HELD = { offline: false, refusal: null, refreshAfter: NOW + 20 * HOUR };

/** A panel that was started a day ago and checked four hours ago. */
const facts = (more: Partial<CheckFacts> = {}): CheckFacts => ({
  license: HELD,
  standing: 'VALID',
  versionChanged: false,
  failures: 0,
  tries: [NOW - 4 * HOUR],
  notBefore: null,
  wokeAt: NOW - DAY,
  ...more,
});

const refusedBy = (refusal: string, more: Partial<CheckFacts> = {}): CheckFacts =>
  facts({ license: { ...HELD, refusal, refreshAfter: null }, ...more });

describe('the delay after failures in a row', () => {
  it.each([
    [1, 0, 15],
    [1, 0.5, 22.5],
    [2, 0, 30],
    [3, 0, 60],
    [7, 0, 960],
    [8, 0, 1_800],
    [9, 0, 1_800],
    [1e9, 0, 1_800],
  ])('%i, with a draw of %d, is %d seconds', (failures, draw, seconds) => {
    expect(backoffMs(failures, draw)).toBe(seconds * SECOND);
  });

  it.each([1, 2, 5, 8, 100])(
    'number %i is never over an hour and never under half of its step',
    (failures) => {
      const least = backoffMs(failures, 0);
      expect(backoffMs(failures, 0.999_999)).toBeGreaterThan(least);
      expect(backoffMs(failures, 0.999_999)).toBeLessThan(2 * least);
      expect(2 * least).toBeLessThanOrEqual(HOUR);
    },
  );
});

describe('the next check', () => {
  it.each<[string, CheckFacts, number | null]>([
    ['is not planned without a license', facts({ license: null }), null],
    [
      'is not planned for a license that was carried here',
      facts({ license: { ...HELD, offline: true } }),
      null,
    ],
    ['comes when the service wants it', facts(), NOW + 20 * HOUR],
    [
      'comes at once when no lease is held, as far as the last try allows',
      facts({ license: { ...HELD, refreshAfter: null }, tries: [NOW - 10 * SECOND] }),
      NOW + 20 * SECOND,
    ],
    [
      'is not made all the time for a service that wants it at once',
      facts({ license: { ...HELD, refreshAfter: NOW - HOUR }, tries: [NOW] }),
      NOW + 30 * SECOND,
    ],
    [
      'comes at once when the clock was set back, for the answer tells the time',
      facts({ standing: 'CLOCK_SET_BACK', tries: [NOW - MINUTE] }),
      NOW - 30 * SECOND,
    ],
    [
      'comes at once when the lease does not verify',
      facts({ standing: 'LEASE_UNVERIFIED', tries: [NOW - MINUTE] }),
      NOW - 30 * SECOND,
    ],
    [
      'comes at once when the service was told of another version, as far as the last try allows',
      facts({ versionChanged: true, tries: [NOW - 10 * SECOND] }),
      NOW + 20 * SECOND,
    ],
    [
      'comes at once when the version changed that was refused',
      refusedBy('VERSION_TOO_LOW', { versionChanged: true, tries: [NOW - MINUTE] }),
      NOW - 30 * SECOND,
    ],
    [
      'does not come for another version after a final refusal',
      refusedBy('REVOKED', { versionChanged: true }),
      null,
    ],
    [
      'is put off after a failure, whatever the version',
      facts({ versionChanged: true, failures: 3, tries: [NOW] }),
      NOW + 60 * SECOND,
    ],
    [
      'with another version is put off as long as the service asks',
      facts({ versionChanged: true, notBefore: NOW + 10 * MINUTE }),
      NOW + 10 * MINUTE,
    ],
    ['is put off after a failure', facts({ failures: 3, tries: [NOW] }), NOW + 60 * SECOND],
    [
      'is put off as long as the service asks',
      facts({ failures: 1, tries: [NOW], notBefore: NOW + 10 * MINUTE }),
      NOW + 10 * MINUTE,
    ],
    [
      'is not put off by a time that only a wrong clock can have meant',
      facts({ failures: 1, tries: [NOW], notBefore: NOW + 400 * DAY }),
      NOW + 15 * SECOND,
    ],
  ])('%s', (_, given, expected) => {
    expect(nextCheckAt(given, 0, NOW)).toBe(expected);
  });

  it.each([
    ['INVALID_KEY', NOW + 12 * 60 * MINUTE],
    ['REVOKED', null],
    ['MAX_ACTIVATIONS', null],
    ['SUSPENDED', NOW + 30 * MINUTE],
    ['EXPIRED', NOW + 30 * MINUTE],
    ['VERSION_TOO_LOW', NOW + 30 * MINUTE],
    ['UPDATES_EXPIRED', NOW + 30 * MINUTE],
    ['HARDWARE_MISMATCH', NOW + 30 * MINUTE],
    ['A_REASON_OF_TOMORROW', NOW + 30 * MINUTE],
  ])('after %s is %s', (code, expected) => {
    expect(nextCheckAt(refusedBy(code, { tries: [NOW] }), 0, NOW)).toBe(expected);
  });

  it('after a refusal comes within the hour, whatever is drawn', () => {
    expect(nextCheckAt(refusedBy('SUSPENDED', { tries: [NOW] }), 0.999_999, NOW)).toBeLessThan(NOW + HOUR);
  });

  it('of a refused panel that cannot reach the service backs off too', () => {
    expect(nextCheckAt(refusedBy('SUSPENDED', { tries: [NOW], failures: 1 }), 0, NOW)).toBe(
      NOW + 15 * SECOND,
    );
  });

  it.each([0, 0.5, 0.999])('that is overdue at a start is spread, with a draw of %d', (draw) => {
    const overdue = facts({
      license: { ...HELD, refreshAfter: NOW - HOUR },
      tries: [NOW - DAY],
      wokeAt: NOW,
    });
    expect(nextCheckAt(overdue, draw, NOW)).toBe(NOW + draw * SPREAD_MS);
  });

  it.each([0, 0.5, 0.999])('that was told a time is spread after it, with a draw of %d', (draw) => {
    const sentAway = facts({ failures: 1, tries: [NOW], notBefore: NOW + 10 * MINUTE });
    expect(nextCheckAt(sentAway, draw, NOW)).toBe(NOW + 10 * MINUTE + draw * SPREAD_MS);
  });

  it('comes after its own delay where the service asks for less', () => {
    const sentAway = facts({ failures: 4, tries: [NOW], notBefore: NOW + 10 * SECOND });
    expect(nextCheckAt(sentAway, 0.5, NOW)).toBe(NOW + backoffMs(4, 0.5));
  });

  it.each<[string, Partial<CheckFacts>]>([
    ['nothing was tried yet', { tries: [], license: { ...HELD, refreshAfter: null } }],
    ['the last try, a failure, lies in the future', { tries: [NOW + 400 * DAY], failures: 4 }],
    [
      'the last try of a refused panel lies in the future',
      { tries: [NOW + DAY], license: { ...HELD, refusal: 'EXPIRED' } },
    ],
  ])('is due after a start when %s', (_, given) => {
    expect(nextCheckAt(facts({ ...given, wokeAt: NOW }), 0, NOW)).toBe(NOW);
  });

  it('counts from the last try that does not lie in the future', () => {
    const given = facts({ failures: 1, tries: [NOW + DAY, NOW - MINUTE, NOW] });
    expect(nextCheckAt(given, 0, NOW)).toBe(NOW + 15 * SECOND);
  });

  it('does not move when it is looked at again', () => {
    const given = facts({ failures: 2, tries: [NOW] });
    expect(nextCheckAt(given, 0.3, NOW + 20 * SECOND)).toBe(nextCheckAt(given, 0.3, NOW));
  });
});
