import autocannon from 'autocannon';
import type { Server } from './server.ts';

/** What is asked again and again: a body is made for each request. */
export interface Call {
  readonly path: string;
  readonly body: () => object;
}

export interface Measured {
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Resident, at the end of the run. */
  readonly memoryMb: number;
}

const WARM_UP_SECONDS = 3;

const shoot = (server: Server, call: Call, duration: number, connections: number) =>
  autocannon({
    url: server.url,
    connections,
    duration,
    requests: [
      {
        method: 'POST',
        path: call.path,
        headers: { 'content-type': 'application/json' },
        setupRequest: (request) => ({ ...request, body: JSON.stringify(call.body()) }),
      },
    ],
  });

/** A run that does not count: the code gets hot, the caches fill. */
export async function warmUp(server: Server, call: Call, connections: number): Promise<void> {
  await shoot(server, call, WARM_UP_SECONDS, connections);
}

/** Keeps the connections busy for that long; any answer but a success is a failure. */
export async function measure(
  server: Server,
  call: Call,
  { seconds, connections }: { seconds: number; connections: number },
): Promise<Measured> {
  const result = await shoot(server, call, seconds, connections);
  if (result.non2xx + result.errors + result.timeouts > 0) {
    throw new Error(
      `${call.path}: ${result.non2xx} refusals, ${result.errors} errors, ${result.timeouts} timeouts: nothing to compare`,
    );
  }
  return {
    requestsPerSecond: result['2xx'] / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    memoryMb: await server.memoryMb(),
  };
}
