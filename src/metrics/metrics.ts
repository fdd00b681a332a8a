import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestClass } from '../domain/overload.js';
import type { LicenseAction, VerdictCode } from '../domain/verdicts.js';
import type { Plane } from '../http/planes.js';

/** What this process has done since it started. One registry for the process: Prometheus asks each node by itself. */
const registry = new Registry();

collectDefaultMetrics({ register: registry });

const VERDICTS = {
  name: 'mooring_license_verdicts_total',
  help: 'Verdicts of the license plane, VALID included.',
} as const;

const verdicts = new Counter({
  ...VERDICTS,
  labelNames: ['action', 'code'] as const,
  registers: [registry],
});

const requests = new Histogram({
  name: 'mooring_http_request_duration_seconds',
  help: 'From the first byte of a request to the last byte of its answer.',
  labelNames: ['plane', 'method', 'route', 'status'] as const,
  // A phone-home takes about a millisecond, a login some twenty, an upload as long as its line needs.
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
  registers: [registry],
});

const shed = new Counter({
  name: 'mooring_shed_requests_total',
  help: 'Requests that were refused at once because the service was overloaded.',
  labelNames: ['class'] as const,
  registers: [registry],
});

const expectedWait = new Gauge({
  name: 'mooring_expected_wait_seconds',
  help: 'How long a request that comes now has to wait for this process and its database.',
  registers: [registry],
});

/** A few lines of what `renderMetrics` tells, for the API's document. */
export const EXAMPLE_METRICS = [
  `# HELP ${VERDICTS.name} ${VERDICTS.help}`,
  `# TYPE ${VERDICTS.name} counter`,
  `${VERDICTS.name}{action="validate",code="VALID"} 1`,
].join('\n');

export interface MeasuredRequest {
  readonly plane: Plane;
  readonly method: string;
  /** The pattern of the route, never the path: a path holds tokens, and every new one would be a series of its own. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
}

export function countVerdict(action: LicenseAction, code: VerdictCode): void {
  verdicts.inc({ action, code });
}

export function countShed(name: RequestClass): void {
  shed.inc({ class: name });
}

export function observeExpectedWait(milliseconds: number): void {
  expectedWait.set(milliseconds / 1_000);
}

export function observeRequest({ plane, method, route, status, seconds }: MeasuredRequest): void {
  const labels =
    route === undefined
      ? // Whatever matched no route is one series: methods can be made up as well as paths.
        { plane, method: 'any', route: 'unknown' }
      : { plane, method, route };
  requests.observe({ ...labels, status: `${Math.floor(status / 100)}xx` }, seconds);
}

/** The text that Prometheus reads, and its content type. */
export async function renderMetrics(): Promise<{ contentType: string; text: string }> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}
