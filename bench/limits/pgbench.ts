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

/** The latencies that each of its threads has written: client, transaction, microseconds, … */
async function latenciesIn(folder: string, prefix: string): Promise<Uint32Array> {
  const files = (await readdir(folder)).filter((name) => name.startsWith(`${prefix}.`));
  const all: number[] = [];
  for (const name of files) {
    const path = join(folder, name);
    for (const line of (await readFile(path, 'utf8')).split('\n')) {
      if (line !== '') all.push(Number(line.split(' ', 3)[2]));
    }
    await rm(path);
  }
  return Uint32Array.from(all);
}

/** Its clients connect and prepare first, which a hundred of them don't in less. */
const SHORTEST_SECONDS = 3;

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
      const script = join(folder, 'activate.sql');
      await writeFile(script, pgbenchScript(recorded, { licenses, run: runs }));
      const threads = Math.min(connections, availableParallelism());
      const { stdout } = await execute(
        program,
        // prettier-ignore
        [
          '-n', '-M', 'prepared', '-f', script, '-D', 'turn=0',
          '-c', `${connections}`, '-j', `${threads}`, '-T', `${Math.max(SHORTEST_SECONDS, Math.ceil(seconds))}`,
          '-l', '--log-prefix', join(folder, 'activate'), url,
        ],
        { env: { PATH: process.env.PATH } },
      );
      const perSecond = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
      const failed = Number(/number of failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0);
      if (!(perSecond > 0) || failed > 0) throw new Error(`pgbench: ${stdout.trim()}`);
      const latencies = await latenciesIn(folder, 'activate');
      return { seconds: latencies.length / perSecond, amount: latencies.length, latencies };
    },
  };
}
