import { chown, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../../startup-error.js';
import { type Account, run } from './command.js';

/** What `postmaster.pid` tells about a running server. */
export interface Postmaster {
  readonly pid: number;
  readonly socketFolder: string;
  readonly status: string;
}

const LONGEST_CHANGE_MS = 120_000;

/** Reads the text of `postmaster.pid`; a file still being written counts as starting, and nonsense as null. */
export function parsePostmasterPid(text: string): Postmaster | null {
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid < 1) return null;
  return { pid, socketFolder: lines[4] ?? '', status: lines[7] || 'starting' };
}

/** What `postmaster.pid` in `cluster` says, whether or not that process lives; null without one. */
export async function recordedPostmaster(cluster: string): Promise<Postmaster | null> {
  try {
    return parsePostmasterPid(await readFile(join(cluster, 'postmaster.pid'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function argumentsOf(pid: number): Promise<string> {
  if (process.platform !== 'linux') return (await run('ps', ['-ww', '-o', 'args=', '-p', `${pid}`])).stdout;
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
}

/** Whether `pid` is the server of `cluster`: a number alone proves nothing, for it may long belong to somebody else. */
export async function isPostmaster(pid: number, cluster: string): Promise<boolean> {
  const [program, rest] = (await argumentsOf(pid)).split(' -D ', 2);
  return basename(program ?? '') === 'postgres' && `${rest} `.startsWith(`${cluster} `);
}

/** The living server of `cluster` as it is at this moment, or null. */
export async function livingPostmaster(cluster: string): Promise<Postmaster | null> {
  const recorded = await recordedPostmaster(cluster);
  return recorded !== null && (await isPostmaster(recorded.pid, cluster)) ? recorded : null;
}

/** The server of `cluster` once it is ready, or null when none runs any more: waits for one that starts or stops. */
export async function settledPostmaster(cluster: string): Promise<Postmaster | null> {
  for (let waited = 0; waited < LONGEST_CHANGE_MS; waited += 50) {
    const living = await livingPostmaster(cluster);
    if (living === null || living.status === 'ready') return living;
    await sleep(50);
  }
  throw new StartupError(
    `A PostgreSQL is still starting or stopping on ${cluster}: look into postgres.log beside it and try again.`,
  );
}

/** Whether there is a process of that number, whosever it is. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * A stale `postmaster.pid` whose number now belongs to some other process of the same user (usual in containers,
 * where numbers begin anew) makes PostgreSQL refuse to start; the number of its own parent it knows to be stale. The
 * file must not be removed: it names the shared memory by which PostgreSQL sees former processes that still write.
 */
export async function disownStalePid(cluster: string, account: Account): Promise<void> {
  const recorded = await recordedPostmaster(cluster);
  if (recorded === null || recorded.pid === process.pid || !isAlive(recorded.pid)) return;
  const file = join(cluster, 'postmaster.pid');
  const [, ...rest] = (await readFile(file, 'utf8')).split('\n');
  await writeFile(`${file}.new`, [process.pid, ...rest].join('\n'), { mode: 0o600 });
  if (account.ids !== undefined) await chown(`${file}.new`, account.ids.uid, account.ids.gid);
  await rename(`${file}.new`, file);
}
