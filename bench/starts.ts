import { join } from 'node:path';
import type { Closing } from './closing.ts';
import { median } from './numbers.ts';
import { note } from './progress.ts';
import { startService } from './server.ts';

const TIMES = 3;

export interface Starts {
  /** Seconds from the command to the first answer, the embedded database included. */
  readonly first: readonly number[];
  readonly second: readonly number[];
}

/** Starts the service as it is installed, asks whether it is ready, and stops it. */
async function startOnce(folder: string, dataDir: string, closing: Closing): Promise<number> {
  const startedAt = performance.now();
  const mark = closing.mark;
  const server = await startService({
    env: { DATA_DIR: dataDir, PORT: '0', HOST: '127.0.0.1' },
    log: join(folder, 'start.log'),
  });
  closing.later(() => server.stop());
  const answer = await fetch(`${server.url}/health/ready`);
  const seconds = (performance.now() - startedAt) / 1_000;
  if (answer.status !== 200) throw new Error(`The first answer is a ${answer.status}`);
  await closing.closeSince(mark);
  return seconds;
}

export async function measureStarts(folder: string, closing: Closing): Promise<Starts> {
  const [first, second]: [number[], number[]] = [[], []];
  for (let time = 1; time <= TIMES; time++) {
    const dataDir = join(folder, `start-${time}`);
    first.push(await startOnce(folder, dataDir, closing));
    second.push(await startOnce(folder, dataDir, closing));
    note(`first start ${first.at(-1)?.toFixed(2)} s, second ${second.at(-1)?.toFixed(2)} s`);
  }
  return { first, second };
}

export const sentenceOf = ({ first, second }: Starts): string =>
  `To the first answer, embedded database included: first start ${median(first).toFixed(2)} s, ` +
  `second start ${median(second).toFixed(2)} s (medians of ${TIMES})`;
