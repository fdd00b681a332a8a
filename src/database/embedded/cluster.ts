import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from '../../startup-error.js';
import type { Binaries } from './binaries.js';
import { type Account, begin, type Outcome, run } from './command.js';
import { embeddedDatabase } from './connection.js';

/** Sorting by code point and UTF-8 everywhere: no locale of the machine can change an index. */
const INITDB = [
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
  '--auth-local=trust',
  '--auth-host=reject',
] as const;

async function isEmpty(folder: string): Promise<boolean> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.length === 0;
}

/** Given up when `stop` is aborted: a disk can take longer over it than a supervisor's patience lasts. */
async function initialize(
  command: readonly [string, ...string[]],
  account: Account,
  stop: AbortSignal | undefined,
): Promise<Outcome> {
  const [program, ...args] = command;
  const creation = begin(program, args, account);
  stop?.addEventListener('abort', creation.kill, { once: true });
  if (stop?.aborted) creation.kill();
  const outcome = await creation.outcome;
  stop?.removeEventListener('abort', creation.kill);
  return outcome;
}

async function createCluster(
  cluster: string,
  { initdb }: Binaries,
  account: Account,
  stop: AbortSignal | undefined,
): Promise<void> {
  // A creation that was cut off must not pass for a cluster, so the name is given at the end.
  const part = `${cluster}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { mode: 0o700 });
  if (account.ids !== undefined) await chown(part, account.ids.uid, account.ids.gid);
  const { user } = embeddedDatabase('');
  const { code, failure, stderr } = await initialize(
    [initdb, '-D', part, '-U', user, ...INITDB],
    account,
    stop,
  );
  if (code !== 0) {
    await rm(part, { recursive: true, force: true });
    stop?.throwIfAborted();
    const reason = stderr.split('\n').find((line) => /error|FATAL|could not/.test(line));
    throw new StartupError(
      `The database could not be created in ${cluster} (${reason?.trim() ?? failure ?? `exit code ${code}`}): mend that, or set DATABASE_URL to use a PostgreSQL server.`,
    );
  }
  await rename(part, cluster);
}

async function checkVersion(cluster: string, { major }: Binaries): Promise<void> {
  const found = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => null);
  if (found === null) {
    throw new StartupError(
      `${cluster} holds something that is no PostgreSQL database: move it away, or set DATA_DIR to another folder.`,
    );
  }
  if (found.trim() === major) return;
  throw new StartupError(
    `The database in ${cluster} was made by PostgreSQL ${found.trim()} and cannot be read by ${major}: dump it with the former version and restore it into a new DATA_DIR, or set DATABASE_URL.`,
  );
}

/** Makes the owner and mode right again, which a copy or a restored backup loses and without which nothing starts. */
async function restoreOwnership(cluster: string, account: Account): Promise<void> {
  const { mode, uid } = await stat(cluster);
  if (account.ids !== undefined && uid !== account.ids.uid) {
    await run('chown', ['-R', `${account.ids.uid}:${account.ids.gid}`, cluster]);
  }
  if ((mode & 0o777) !== 0o700) await chmod(cluster, 0o700);
}

/** Sees to it that `cluster` can be started by these binaries. Throws StartupError when it cannot. */
export async function ensureCluster(
  cluster: string,
  binaries: Binaries,
  account: Account,
  stop?: AbortSignal,
): Promise<void> {
  if (await isEmpty(cluster)) return createCluster(cluster, binaries, account, stop);
  await checkVersion(cluster, binaries);
  await restoreOwnership(cluster, account);
}
