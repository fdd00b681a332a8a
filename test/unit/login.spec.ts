import {
  ACCOUNT_LOCK,
  afterFailure,
  isLocked,
  laterLock,
  NETWORK_LOCK,
  type Tally,
} from '../../src/domain/failed-proofs.js';
import { loginRefusalOf } from '../../src/domain/login-refusal.js';

const NOW = new Date('2027-03-01T12:00:00.000Z');
const after = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);

const user = (change: { status?: 'active' | 'suspended'; lockedUntil?: Date | null } = {}) => ({
  status: 'active' as const,
  lockedUntil: null,
  ...change,
});

describe('a log-in', () => {
  it('succeeds with the right password of an active user', () =>
    expect(loginRefusalOf(user(), true, NOW)).toBeNull());

  it('is refused for the first reason there is', () => {
    expect(loginRefusalOf(null, false, NOW)).toBe('unknown user');
    expect(loginRefusalOf(user({ status: 'suspended', lockedUntil: after(1) }), true, NOW)).toBe('suspended');
    expect(loginRefusalOf(user({ lockedUntil: after(1) }), true, NOW)).toBe('locked');
    expect(loginRefusalOf(user(), false, NOW)).toBe('wrong password');
  });

  it('succeeds again at the very instant the lock ends', () =>
    expect(loginRefusalOf(user({ lockedUntil: NOW }), true, NOW)).toBeNull());
});

const tally = (failures: number, change: Partial<Tally> = {}): Tally => ({
  failures,
  since: after(-60),
  lockedUntil: null,
  ...change,
});

describe('a failure', () => {
  it.each([
    ['is the first', null, NETWORK_LOCK, { failures: 1, since: NOW, lockedUntil: null }],
    ['is counted with those before', tally(8), NETWORK_LOCK, tally(9)],
    ['locks as the tenth', tally(9), NETWORK_LOCK, { failures: 0, since: NOW, lockedUntil: after(900) }],
    [
      'is counted anew after a quarter of an hour',
      tally(9, { since: after(-900) }),
      NETWORK_LOCK,
      { failures: 1, since: NOW, lockedUntil: null },
    ],
    [
      'is not counted while the lock holds',
      tally(0, { lockedUntil: after(1) }),
      NETWORK_LOCK,
      tally(0, { lockedUntil: after(1) }),
    ],
    ['is counted again when it is over', tally(0, { lockedUntil: NOW }), NETWORK_LOCK, tally(1)],
    [
      'of an account is counted however old',
      tally(98, { since: after(-9_000) }),
      ACCOUNT_LOCK,
      tally(99, { since: after(-9_000) }),
    ],
    [
      'locks an account as the hundredth',
      tally(99),
      ACCOUNT_LOCK,
      { failures: 0, since: NOW, lockedUntil: after(900) },
    ],
  ])('%s', (_, before, rule, expected) => expect(afterFailure(before, NOW, rule)).toEqual(expected));
});

describe('a lock', () => {
  it('is over at its very end', () =>
    expect([null, after(1), NOW].map((end) => isLocked(end, NOW))).toEqual([false, true, false]));

  it.each([
    [null, null, null],
    [NOW, null, NOW],
    [null, NOW, NOW],
    [NOW, after(1), after(1)],
    [after(1), NOW, after(1)],
  ])('of %p and %p that ends later is %p', (one, other, later) =>
    expect(laterLock(one, other)).toEqual(later),
  );
});
