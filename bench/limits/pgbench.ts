import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Lap } from '../load/run.ts';
import type { Recorded } from './activation.ts';
import { pgbenchScript } from './pgbench-script.ts';
import { findProgram } from './programs.ts';

const execute = promisify(execFile);

export interface Pgbench {
  run(load: { readonly connections: number; readonly seconds: number }): Promise<Lap>;
}

interface Transaction {
  readonly microseconds: number;
  readonly endedAt: number;
}

/** The lines that each of its threads has written: client, number, microseconds, script, and the time in two numbers. */
async function transactionsIn(folder: string, prefix: string): Promise<Transaction[]> {
  const files = (await readdir(folder)).filter((name) => name.startsWith(`${prefix}.`));
  const all: Transaction[] = [];
  for (const name of files) {
    const path = join(folder, name);
    for (const line of (await readFile(path, 'utf8')).split('\n')) {
      if (line === '') continue;
      const [, , microseconds = 0, , seconds = 0, rest = 0] = line.split(' ').map(Number);
      all.push({ microseconds, endedAt: seconds + rest / 1_000_000 });
    }
    await rm(path);
  }
  return all;
}

/** Those of the last seconds. */
function lastOf(transactions: readonly Transaction[], seconds: number): Lap {
  const end = transactions.reduce((latest, { endedAt }) => Math.max(latest, endedAt), 0);
  const counted = transactions.filter(({ endedAt }) => endedAt > end - seconds);
  return {
    seconds,
    amount: counted.length,
    latencies: Uint32Array.from(counted, ({ microseconds }) => microseconds),
  };
}

/**
 * Each client has a backend of its own, which reads catalogs and plans for a tenth of a second before it is quick: with
 * a hundred of them nothing else happens in the first seconds.
 */
const warmUpSeconds = (connections: number) => 2 + Math.ceil(connections / 10);

/** The same transaction from pgbench, which does nothing else; null where there is none on this machine. */
export async function findPgbench(options: {
  readonly url: string;
  readonly folder: string;
  readonly licenses: number;
  readonly recorded: readonly Recorded[];
}): Promise<Pgbench | null> {
  const program = await findProgram('pgbench');
  if (program === null) return null;
  const { url, folder, licenses, recorded } = options;
  let runs = 0;
  return {
    async run({ connections, seconds }) {
      runs += 1;
      const script = join(folder, 'pgbench.sql');
      await writeFile(script, pgbenchScript(recorded, { licenses, run: runs }));
      const threads = Math.min(connections, availableParallelism());
      const { stdout } = await execute(
        program,
        // prettier-ignore
        [
          '-n', '-M', 'prepared', '-f', script, '-D', 'turn=0',
          '-c', `${connections}`, '-j', `${threads}`, '-T', `${warmUpSeconds(connections) + Math.ceil(seconds)}`,
          '-l', '--log-prefix', join(folder, 'activate'), url,
        ],
        { env: { PATH: process.env.PATH } },
      );
      const failed = Number(/number of failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0);
      const lap = lastOf(await transactionsIn(folder, 'activate'), seconds);
      if (lap.amount === 0 || failed > 0) throw new Error(stdout.trim());
      return lap;
    },
  };
}
