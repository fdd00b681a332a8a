import autocannon from 'autocannon';
import type { Lap, Run } from './run.ts';

/** Far more than a machine of today answers in a second. */
const MOST_A_SECOND = 200_000;

const SOON_MS = 50;

const NOTHING = Buffer.alloc(0);

/** Keeps the connections busy with autocannon. Rejects when a single answer is another than expected. */
export function fire(run: Run, requests: readonly Buffer[]): Promise<Lap> {
  const { promise, resolve, reject } = Promise.withResolvers<Lap>();
  const latencies = new Uint32Array(Math.ceil(run.seconds * MOST_A_SECOND));
  const strangers = new Map<number, number>();
  let [answered, turn, underWay, startedAt, endedAt] = [0, 0, 0, performance.now(), 0];
  const next = (): Buffer => {
    if (turn === requests.length) {
      if (run.once) endedAt ||= performance.now();
      turn = 0;
    }
    // From the end on nothing more is sent, and what is under way is answered: cut off, it would go on into the next run.
    if (endedAt !== 0) return NOTHING;
    underWay += 1;
    return requests[turn++] as Buffer;
  };
  const settle = () => {
    underWay -= 1;
    if (endedAt !== 0 && underWay === 0) setImmediate(() => load.stop());
  };
  const load = autocannon(
    {
      url: run.url,
      connections: run.connections,
      duration: run.seconds + 60,
      sampleInt: SOON_MS,
      // Autocannon would put each request together as it sends it, and cost more than it measures.
      setupClient: (client) => Object.assign(client, { getRequestBuffer: next }),
    } as autocannon.Options,
    (error: Error | null, result) => {
      clearTimeout(timer);
      if (error !== null) return reject(error);
      const failures = [
        ...[...strangers].map(([status, count]) => `${count} answers of ${status}`),
        ...(result.errors > 0 ? [`${result.errors} errors, ${result.timeouts} of them timeouts`] : []),
      ];
      if (failures.length > 0) return reject(new Error(failures.join(', ')));
      resolve({
        seconds: (endedAt - startedAt) / 1_000,
        amount: answered,
        latencies: latencies.slice(0, answered),
      });
    },
  );
  const timer = setTimeout(() => {
    endedAt ||= performance.now();
  }, run.seconds * 1_000);
  load.on('start', () => {
    startedAt = performance.now();
  });
  load.on('response', (_client, status, _bytes, milliseconds) => {
    if (status !== run.expected) strangers.set(status, (strangers.get(status) ?? 0) + 1);
    if (endedAt === 0) latencies[answered++] = milliseconds * 1_000;
    settle();
  });
  load.on('reqError', settle);
  return promise;
}
