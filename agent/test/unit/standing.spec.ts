import type { LeaseClaims } from '../../src/domain/lease.js';
import { decideStanding, isSetBack, type StandingFacts } from '../../src/domain/standing.js';

const T0 = Date.parse('2027-03-01T12:00:00Z');
const HOUR = 3_600_000;
const HARDWARE = 'a'.repeat(64);
const iso = (time: number) => new Date(time).toISOString();

const lease = (more: Partial<LeaseClaims> = {}): LeaseClaims => ({
  iss: 'https://licenses.example.com',
  sub: 'license',
  jti: 'lease',
  iat: T0 / 1_000,
  exp: (T0 + 72 * HOUR) / 1_000,
  hwid: HARDWARE,
  product: 'panel',
  tier: 'pro',
  version_floor: null,
  limits: {},
  features: [],
  license_expires_at: null,
  updates_until: null,
  refresh_after: iso(T0 + 24 * HOUR),
  grace_until: iso(T0 + 336 * HOUR),
  seq: T0,
  ...more,
});

const license = (more: Partial<NonNullable<StandingFacts['license']>> = {}) => ({
  lease: lease(),
  hasLease: true,
  refusal: null,
  isBelowFloor: false,
  seq: T0,
  ...more,
});

const facts = (more: Partial<StandingFacts> = {}): StandingFacts => ({
  license: license(),
  hardwareId: HARDWARE,
  lastTryFailed: false,
  lastSeen: T0,
  ...more,
});

const refusal = { code: 'REVOKED', error: 'License has been revoked' };

/** What is so, hours after the lease was issued, the state and the code that follow. */
const CASES: readonly (readonly [string, StandingFacts, number, string, string])[] = [
  ['nothing activated', facts({ license: null }), 0, 'unlicensed', 'NOT_ACTIVATED'],
  ['a fresh lease', facts(), 1, 'licensed', 'VALID'],
  ['a lease that should have been renewed', facts(), 71.9, 'licensed', 'VALID'],
  ['a failed try', facts({ lastTryFailed: true }), 71.9, 'unreachable', 'UNREACHABLE'],
  ['a lease past its validity', facts(), 72, 'grace', 'GRACE'],
  ['the same after failed tries', facts({ lastTryFailed: true }), 73, 'grace', 'GRACE'],
  ['a lease past its grace', facts(), 336, 'unlicensed', 'LEASE_ENDED'],
  ['a refusal beside a running lease', facts({ license: license({ refusal }) }), 1, 'unlicensed', 'REVOKED'],
  [
    'a refusal of a kind that is not known yet',
    facts({ license: license({ refusal: { code: 'MOON_FULL', error: 'The moon is full' } }) }),
    1,
    'unlicensed',
    'REFUSED',
  ],
  [
    'a lease that does not verify',
    facts({ license: license({ lease: null }) }),
    1,
    'unlicensed',
    'LEASE_UNVERIFIED',
  ],
  [
    'a license without a lease',
    facts({ license: license({ lease: null, hasLease: false }) }),
    1,
    'unlicensed',
    'NOT_ACTIVATED',
  ],
  ['other hardware', facts({ hardwareId: 'b'.repeat(64) }), 1, 'unlicensed', 'HARDWARE_CHANGED'],
  ['hardware that can not be told', facts({ hardwareId: null }), 1, 'unlicensed', 'HARDWARE_CHANGED'],
  [
    'an older lease put back',
    facts({ license: license({ seq: T0 + 1 }) }),
    1,
    'unlicensed',
    'LEASE_UNVERIFIED',
  ],
  ['a clock before the lease was issued', facts(), -1, 'unlicensed', 'CLOCK_SET_BACK'],
  [
    'a clock before a time that was seen',
    facts({ lastSeen: T0 + 5 * HOUR }),
    4,
    'unlicensed',
    'CLOCK_SET_BACK',
  ],
  ['a clock that is minutes behind', facts(), -0.05, 'licensed', 'VALID'],
  [
    'a version below the floor of the lease',
    facts({ license: license({ isBelowFloor: true }) }),
    1,
    'unlicensed',
    'VERSION_TOO_LOW',
  ],
  [
    'a license that has ended',
    facts({ license: license({ lease: lease({ license_expires_at: iso(T0 + 10 * HOUR) }) }) }),
    10,
    'unlicensed',
    'EXPIRED',
  ],
  [
    'a license that ends later',
    facts({ license: license({ lease: lease({ license_expires_at: iso(T0 + 10 * HOUR) }) }) }),
    9.9,
    'licensed',
    'VALID',
  ],
];

describe('where a panel stands', () => {
  it.each(CASES)('%s', (_what, given, hours, state, code) => {
    const standing = decideStanding(given, T0 + hours * HOUR);
    expect(standing).toMatchObject({ state, code });
    expect(standing.message).toMatch(/\.$/);
  });

  it('says with a refusal what can be done about it', () => {
    const { message } = decideStanding(facts({ license: license({ refusal }) }), T0);
    expect(message).toBe('License has been revoked. Ask your vendor.');
  });
});

describe('time', () => {
  it('is set back when it is more than five minutes before what was seen', () => {
    expect(isSetBack(T0 - 5 * 60_000, T0)).toBe(false);
    expect(isSetBack(T0 - 5 * 60_000 - 1, T0)).toBe(true);
  });
});
