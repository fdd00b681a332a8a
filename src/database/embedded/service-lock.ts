import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../../startup-error.js';
import { SURROUNDINGS } from './command.js';
import { maintenanceClient } from './connection.js';
import { isAlive } from './postmaster.js';

/** Held for as long as the service lives; the kernel or the server frees it when the service is killed. */
export interface ServiceLock {
  release(): Promise<void>;
}

const ADVISORY_KEY = 7_066_830_570;
/** A service that was killed a moment ago is still giving its lock back. */
const PATIENCE_MS = 1_000;
/** One that is known to be dead gives it back for certain, though a busy machine may take its time over it. */
const PATIENCE_WITH_THE_DEAD_MS = 20_000;
const PAUSE_MS = 100;

/** The process id of the holder as far as the lock file tells it. */
async function signatory(file: string): Promise<number | null> {
  const pid = /^\d+/.exec(await readFile(file, 'utf8').catch(() => ''))?.[0];
  return pid === undefined ? null : Number(pid);
}

async function patienceWith(file: string): Promise<number> {
  const pid = await signatory(file);
  return pid === null || isAlive(pid) ? PATIENCE_MS : PATIENCE_WITH_THE_DEAD_MS;
}

/** Says that the folder is taken, and by which process. */
export async function taken(file: string): Promise<StartupError> {
  const pid = await signatory(file);
  return new StartupError(
    `Another Mooring${pid === null ? '' : ` (process ${pid})`} runs on this data folder: stop it first, or set DATA_DIR to another folder.`,
  );
}

async function sign(file: string): Promise<void> {
  await writeFile(file, `${process.pid}\n`, { mode: 0o600 });
}

type Attempt = ServiceLock | 'taken' | 'unavailable';

/** `flock` holds the lock until `cat` sees the end of the pipe from this process, however this process ends. */
async function tryFlock(file: string): Promise<Attempt> {
  const holder = spawn('flock', ['-n', file, 'sh', '-c', 'echo ok; exec cat'], {
    ...SURROUNDINGS,
    // Control-C in a terminal reaches its whole process group, and the lock must outlive an orderly stop.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  holder.stdin.on('error', () => undefined);
  let complaint = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const closed = once(holder, 'close').then(
    ([code]) => (code === 1 && complaint === '' ? 'taken' : 'unavailable') as Attempt,
    () => 'unavailable' as Attempt,
  );
  const held = once(holder.stdout, 'data').then((): Attempt => ({
    async release() {
      holder.stdin.end();
      await closed;
    },
  }));
  return Promise.race([held.catch(() => closed), closed]);
}

/**
 * One service per data folder, across containers as well. Null where there is no `flock` (macOS, minimal images,
 * some network mounts): lockDatabase is for those. Throws StartupError when another service holds it, or the reason of
 * `stop` when that is aborted first.
 */
export async function lockFolder(file: string, stop?: AbortSignal): Promise<ServiceLock | null> {
  await writeFile(file, '', { flag: 'a', mode: 0o600 });
  for (let waited = 0; ; waited += PAUSE_MS) {
    const attempt = await tryFlock(file);
    if (attempt === 'unavailable') return null;
    if (attempt !== 'taken') {
      await sign(file);
      return attempt;
    }
    stop?.throwIfAborted();
    if (waited >= (await patienceWith(file))) throw await taken(file);
    await sleep(PAUSE_MS);
  }
}

/** The same by an advisory lock on a connection kept open: only a running server can give it. */
export async function lockDatabase(socketFolder: string, file: string): Promise<ServiceLock> {
  const client = await maintenanceClient(socketFolder);
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [
    ADVISORY_KEY,
  ]);
  const release = () => client.end().catch(() => undefined);
  if (rows[0]?.held !== true) {
    await release();
    throw await taken(file);
  }
  await sign(file);
  return { release };
}
