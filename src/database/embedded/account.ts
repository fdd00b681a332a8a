import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { StartupError } from '../../startup-error.js';
import { type Account, run } from './command.js';

/** Who runs the database for root, the most private first: whatever else runs as that user could read the data. */
const UNPRIVILEGED = ['postgres', 'nobody', 'daemon'] as const;

const ELSEWHERE = 'or set DATABASE_URL to use a PostgreSQL server';

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The entries of a passwd file whose ids are plain numbers; macOS has negative ones, which cannot own files. */
export function parsePasswd(text: string): PasswdEntry[] {
  return [...text.matchAll(/^([^:#\n]+):[^:\n]*:(\d+):(\d+):/gm)].map(([, name, uid, gid]) => ({
    name: name as string,
    uid: Number(uid),
    gid: Number(gid),
  }));
}

/**
 * Whom root hands the database to: the owner of an existing cluster, otherwise the first unprivileged system user;
 * null when there is none. An owner who is gone from passwd (a volume that moved) still runs an existing cluster.
 */
export function pickAccount(
  passwd: readonly PasswdEntry[],
  owner: { readonly uid: number; readonly gid: number } | null,
): Account | null {
  if (owner !== null && owner.uid !== 0) {
    const name = passwd.find(({ uid }) => uid === owner.uid)?.name ?? String(owner.uid);
    return { name, ids: { uid: owner.uid, gid: owner.gid } };
  }
  const entry = UNPRIVILEGED.map((known) => passwd.find(({ name, uid }) => name === known && uid !== 0)).find(
    (found) => found !== undefined,
  );
  return entry === undefined ? null : { name: entry.name, ids: { uid: entry.uid, gid: entry.gid } };
}

async function accountForRoot(cluster: string): Promise<Account> {
  const [passwd, owner] = await Promise.all([
    readFile('/etc/passwd', 'utf8').catch(() => ''),
    stat(cluster).catch(() => null),
  ]);
  const account = pickAccount(parsePasswd(passwd), owner);
  if (account === null) {
    throw new StartupError(
      `PostgreSQL does not run as root and there is no user ${UNPRIVILEGED.join(', ')} to run it as: create one, ${ELSEWHERE}.`,
    );
  }
  // Containers may take from root the right to become somebody else.
  const { code, failure } = await run('sh', ['-c', ':'], account);
  if (code !== 0) {
    throw new StartupError(
      `PostgreSQL does not run as root, and root may not become the user ${account.name} here (${failure ?? code}): start Mooring as an ordinary user, ${ELSEWHERE}.`,
    );
  }
  return account;
}

function ownAccount(uid: number | undefined): Account {
  try {
    return { name: userInfo().username };
  } catch {
    throw new StartupError(
      `The user id ${uid} has no entry in the password file, which PostgreSQL needs: run Mooring as a user that has one, ${ELSEWHERE}.`,
    );
  }
}

/** Whom PostgreSQL runs as for the cluster in `cluster`, which may not exist yet. Throws StartupError when nobody can. */
export async function chooseAccount(cluster: string): Promise<Account> {
  const uid = process.getuid?.();
  if (uid === 0) return accountForRoot(cluster);
  const owner = await stat(cluster).catch(() => null);
  if (owner !== null && uid !== undefined && owner.uid !== uid) {
    throw new StartupError(
      `The database in ${cluster} belongs to another user (uid ${owner.uid}): run Mooring as that user or as root, or set DATA_DIR to another folder.`,
    );
  }
  return ownAccount(uid);
}
