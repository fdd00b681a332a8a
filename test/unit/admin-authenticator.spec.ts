import { isAdmitted } from '../../src/access/admin-authenticator.js';
import type { ApiKeyFacts } from '../../src/database/credentials.js';

const NOW = new Date('2027-03-01T12:00:00.000Z');
const after = (ms: number) => new Date(NOW.getTime() + ms);

const key = (change: Partial<ApiKeyFacts> = {}): ApiKeyFacts => ({
  id: 'k',
  permissions: ['read'],
  ipWhitelist: [],
  requestsPerMinute: null,
  enabled: true,
  expiresAt: null,
  lastUsedAt: null,
  ...change,
});

describe('an API key', () => {
  it('without an end and a list of addresses comes in from anywhere', () =>
    expect(isAdmitted(key(), '192.0.2.1', NOW)).toBe(true));

  it('does not come in once disabled', () =>
    expect(isAdmitted(key({ enabled: false }), '192.0.2.1', NOW)).toBe(false));

  it('ends at the very instant it expires', () => {
    expect(isAdmitted(key({ expiresAt: after(1) }), '192.0.2.1', NOW)).toBe(true);
    expect(isAdmitted(key({ expiresAt: NOW }), '192.0.2.1', NOW)).toBe(false);
  });

  it('comes in only from the addresses it lists', () => {
    const listed = key({ ipWhitelist: ['10.0.0.0/8'] });
    expect(isAdmitted(listed, '::ffff:10.0.0.1', NOW)).toBe(true);
    expect(isAdmitted(listed, '192.0.2.1', NOW)).toBe(false);
  });
});
