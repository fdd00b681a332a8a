import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { readConfig } from '../../src/config.js';
import { MetricsGuard, metricsAccess } from '../../src/health/metrics.guard.js';

const TOKEN = 'a token';
const rules = { token: TOKEN };
const direct = { isForwarded: false };

const ask = (headers: Record<string, string>) => {
  const guard = new MetricsGuard(readConfig({ TRUST_PROXY: '127.0.0.1', METRICS_TOKEN: 'm'.repeat(32) }));
  return guard.canActivate(new ExecutionContextHost([{ socket: { remoteAddress: '127.0.0.1' }, headers }]));
};

describe('the metrics', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('are free to %s', (socketAddress) =>
    expect(metricsAccess({ socketAddress, presented: null, ...direct }, { token: null })).toBe('granted'),
  );

  it.each(['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::1', undefined])(
    'take the token from %s',
    (socketAddress) => {
      expect(metricsAccess({ socketAddress, presented: TOKEN, ...direct }, rules)).toBe('granted');
      for (const presented of [null, '', 'a tokem', `${TOKEN}s`]) {
        expect(metricsAccess({ socketAddress, presented, ...direct }, rules)).toBe('refused');
      }
    },
  );

  it('are not there without a token to ask for', () => {
    const call = { socketAddress: '192.0.2.1', presented: TOKEN, ...direct };
    expect(metricsAccess(call, { token: null })).toBe('hidden');
  });

  it('take the token from loopback too when a proxy has passed the request on', () => {
    const call = { socketAddress: '127.0.0.1', presented: null, isForwarded: true };
    expect(metricsAccess(call, rules)).toBe('refused');
    expect(metricsAccess(call, { token: null })).toBe('hidden');
    expect(metricsAccess({ ...call, presented: TOKEN }, rules)).toBe('granted');
  });

  it('are free to the machine itself beside a trusted proxy', () => expect(ask({})).toBe(true));

  it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])('know a proxy by %s', (name) =>
    expect(() => ask({ [name]: '127.0.0.1' })).toThrow('Missing authorization'),
  );
});
