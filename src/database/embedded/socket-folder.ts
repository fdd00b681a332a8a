import { chown, lstat, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { StartupError } from '../../startup-error.js';
import { type Account, canEnter } from './command.js';

const PREFIX = 'mooring-';
/** PostgreSQL names its socket after this, though it listens on no port. */
export const SOCKET_NUMBER = 5432;
const SOCKET = `.s.PGSQL.${SOCKET_NUMBER}`;
/** What fits into a socket address everywhere: Linux takes 107 bytes, macOS 103. */
const LONGEST_SOCKET_PATH = 103;

const places = () => [...(process.getuid?.() === 0 ? ['/run'] : []), tmpdir(), '/tmp'];

/** Whether a socket in a folder of ours below `place` has a path that an address can hold. */
export const fitsSocketPath = (place: string): boolean =>
  Buffer.byteLength(join(place, `${PREFIX}XXXXXX`, SOCKET)) <= LONGEST_SOCKET_PATH;

/**
 * Removes the folder of a server that is gone. Its name may come from a file which the database user can write, so
 * only what is in a folder of ours is touched, file by file.
 */
export async function removeSocketFolder(folder: string): Promise<void> {
  if (!basename(folder).startsWith(PREFIX)) return;
  const found = await lstat(folder).catch(() => null);
  if (!found?.isDirectory()) return;
  await Promise.all([SOCKET, `${SOCKET}.lock`].map((name) => rm(join(folder, name), { force: true })));
  await rmdir(folder).catch(() => undefined);
}

async function makeFolder(account: Account): Promise<string> {
  for (const place of places().filter(fitsSocketPath)) {
    if (!(await canEnter(account, place))) continue;
    const folder = await mkdtemp(join(place, PREFIX)).catch(() => null);
    if (folder === null) continue;
    if (account.ids !== undefined) await chown(folder, account.ids.uid, account.ids.gid);
    return folder;
  }
  throw new StartupError(
    `There is no folder for the socket of the embedded PostgreSQL: make ${places().join(' or ')} writable, or set DATABASE_URL to use a PostgreSQL server.`,
  );
}

/**
 * Makes a fresh folder which only `account` can enter; whoever reaches the socket in it is the database's superuser.
 * Its name is random, so that nobody can take it first in a shared temp folder, and kept in the file `record`, so
 * that the next start removes what a killed one left.
 */
export async function makeSocketFolder(account: Account, record: string): Promise<string> {
  await removeSocketFolder(await readFile(record, 'utf8').catch(() => ''));
  const folder = await makeFolder(account);
  await writeFile(record, folder, { mode: 0o600 });
  return folder;
}
