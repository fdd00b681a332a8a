import { metricsAccess } from '../../src/health/metrics.guard.js';

const TOKEN = 'a token';
const rules = { token: TOKEN, behindProxy: false };

describe('the metrics', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('are free to %s', (socketAddress) =>
    expect(metricsAccess({ socketAddress, presented: null }, { token: null, behindProxy: false })).toBe(
      'granted',
    ),
  );

  it.each(['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::1', undefined])(
    'take the token from %s',
    (socketAddress) => {
      expect(metricsAccess({ socketAddress, presented: TOKEN }, rules)).toBe('granted');
      for (const presented of [null, '', 'a tokem', `${TOKEN}s`]) {
        expect(metricsAccess({ socketAddress, presented }, rules)).toBe('refused');
      }
    },
  );

  it('are not there without a token to ask for', () =>
    expect(
      metricsAccess({ socketAddress: '192.0.2.1', presented: TOKEN }, { token: null, behindProxy: false }),
    ).toBe('hidden'));

  it('take the token from loopback too once a proxy stands in front', () => {
    const call = { socketAddress: '127.0.0.1', presented: null };
    expect(metricsAccess(call, { token: TOKEN, behindProxy: true })).toBe('refused');
    expect(metricsAccess(call, { token: null, behindProxy: true })).toBe('hidden');
    expect(metricsAccess({ ...call, presented: TOKEN }, { token: TOKEN, behindProxy: true })).toBe('granted');
  });
});
