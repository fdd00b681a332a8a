import { refusalOf } from '../../src/auth/failures.js';
import type { LoginFacts } from '../../src/database/logins.js';

const NOW = new Date('2027-03-01T12:00:00.000Z');
const after = (ms: number) => new Date(NOW.getTime() + ms);

const user = (change: Partial<LoginFacts> = {}): LoginFacts => ({
  userId: 'u',
  username: 'admin',
  email: 'admin@localhost',
  role: 'admin',
  status: 'active',
  customerId: null,
  passwordHash: 'hash',
  lockedUntil: null,
  totpSecret: null,
  totpEnabledAt: null,
  ...change,
});

describe('a log-in', () => {
  it('succeeds with the right password of an active user', () =>
    expect(refusalOf(user(), true, NOW)).toBeNull());

  it('is refused for the first reason there is', () => {
    expect(refusalOf(null, false, NOW)).toBe('unknown user');
    expect(refusalOf(user({ status: 'suspended', lockedUntil: after(1) }), true, NOW)).toBe('suspended');
    expect(refusalOf(user({ lockedUntil: after(1) }), true, NOW)).toBe('locked');
    expect(refusalOf(user(), false, NOW)).toBe('wrong password');
  });

  it('succeeds again at the very instant the lock ends', () =>
    expect(refusalOf(user({ lockedUntil: NOW }), true, NOW)).toBeNull());
});
