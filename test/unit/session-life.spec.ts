import { isOpen, noteUseUpTo, type SessionLife } from '../../src/domain/session-life.js';

const NOW = new Date('2027-03-01T12:00:00.000Z');
const after = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);

const session = (change: Partial<SessionLife> = {}): SessionLife => ({
  expiresAt: after(3_600),
  lastSeenAt: NOW,
  status: 'active',
  ...change,
});

describe('a session', () => {
  it.each([
    ['in use', {}, true],
    ['a moment before its absolute end', { expiresAt: after(0.001) }, true],
    ['at the very instant of its absolute end', { expiresAt: NOW }, false],
    ['unused for a moment less than two hours', { lastSeenAt: after(-7_199.999) }, true],
    ['unused for two hours', { lastSeenAt: after(-7_200) }, false],
    ['of a user who was suspended', { status: 'suspended' }, false],
  ] as const)('%s is open: %s', (_, change, expected) => expect(isOpen(session(change), NOW)).toBe(expected));

  it('has its use noted once a minute', () => expect(noteUseUpTo(NOW)).toEqual(after(-60)));
});
