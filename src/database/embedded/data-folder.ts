import { chmod, chown, open, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makeFolder } from '../../folders.js';
import { StartupError } from '../../startup-error.js';
import { type Account, canEnter } from './command.js';

/** What lies where. The folder belongs to the service; only `cluster` belongs to whoever runs PostgreSQL. */
export interface DataFolder {
  readonly home: string;
  readonly cluster: string;
  readonly log: string;
  readonly lock: string;
  readonly socketRecord: string;
}

const LONGEST_LOG = 10 * 1024 * 1024;

/** Where the data lie unless DATA_DIR says otherwise: root's must not lie in a home that the database user cannot enter. */
export function defaultDataDir(uid: number | undefined = process.getuid?.()): string {
  return uid === 0 ? '/var/lib/mooring' : resolve('data');
}

export function layout(home: string): DataFolder {
  return {
    home,
    cluster: join(home, 'postgres'),
    log: join(home, 'postgres.log'),
    lock: join(home, 'service.lock'),
    socketRecord: join(home, 'postgres.socket'),
  };
}

/** The folder by its one true name, made private when it is new, so that a link to it is the same folder to every start. */
export async function createDataFolder(dataDir: string): Promise<DataFolder> {
  const path = resolve(dataDir);
  await makeFolder(path, 0o700);
  return layout(await realpath(path));
}

async function firstClosed(account: Account, folder: string): Promise<string> {
  const parent = dirname(folder);
  if (parent === folder || (await canEnter(account, parent))) return folder;
  return firstClosed(account, parent);
}

/** Lets `account` pass through the folder, and no more: the master key and the stored files lie beside the database. */
export async function openForAccount({ home }: DataFolder, account: Account): Promise<void> {
  if (account.ids === undefined || (await canEnter(account, home))) return;
  const { mode, uid } = await stat(home);
  if (mode & 0o070) {
    await chmod(home, (mode & 0o7777) | 0o001);
  } else {
    await chown(home, uid, account.ids.gid);
    await chmod(home, (mode & 0o7777) | 0o010);
  }
  if (await canEnter(account, home)) return;
  throw new StartupError(
    `PostgreSQL runs as the user ${account.name} because it refuses root, and ${account.name} cannot enter ${await firstClosed(account, home)}: ` +
      'set DATA_DIR to a folder outside it, such as /var/lib/mooring, or set DATABASE_URL to use a PostgreSQL server.',
  );
}

/** Opens the log of PostgreSQL for appending and reading; one that grew large makes room first, and the one before it goes. */
export async function openLog({ log }: DataFolder) {
  const size = await stat(log).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LONGEST_LOG) await rename(log, `${log}.1`);
  return open(log, 'a+', 0o600);
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'it cannot be created',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'it exists and is no folder',
};

/** Turns a failure of the file system into the sentence that names the folder; anything else passes unchanged. */
export function explainFolderFailure(error: unknown, dataDir: string): unknown {
  const { code = '', path } = error as NodeJS.ErrnoException;
  const reason = REASONS[code];
  if (reason === undefined || path === undefined) return error;
  return new StartupError(
    `The data folder ${resolve(dataDir)} cannot be used (${reason}): set DATA_DIR to a folder this user may write, or set DATABASE_URL to use a PostgreSQL server.`,
    { cause: error },
  );
}
