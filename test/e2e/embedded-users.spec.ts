import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePasswd } from '../../src/database/embedded/account.js';
import { ask, type EmbeddedService, startService } from '../setup/embedded-service.js';
import { cloneInstallation, type Installation, THIS_INSTALLATION } from '../setup/installation.js';

const isRoot = process.getuid?.() === 0;

let home: string;
let clone: string;
let installation: Installation = THIS_INSTALLATION;
const started: EmbeddedService[] = [];

async function service(dataDir: string, ids?: { uid: number; gid: number }): Promise<EmbeddedService> {
  const fresh = await startService(dataDir, { installation, ...(ids && { ids }) });
  started.push(fresh);
  return fresh;
}

/** Somebody who is not root: whoever runs the tests, or for root the user `nobody`. */
async function ordinaryUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (!isRoot) return undefined;
  const nobody = parsePasswd(await readFile('/etc/passwd', 'utf8')).find(({ name }) => name === 'nobody');
  if (nobody === undefined) throw new Error('There is no user nobody.');
  return { uid: nobody.uid, gid: nobody.gid };
}

/** A folder of `ids` below the home of these tests. */
async function folderOf(name: string, ids: { uid: number; gid: number } | undefined): Promise<string> {
  const folder = join(home, name);
  await mkdir(folder);
  if (ids !== undefined) await chown(folder, ids.uid, ids.gid);
  return folder;
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'mooring-users-'));
  await chmod(home, 0o755);
  clone = join(home, 'clone');
  // The others must be able to run it, which a clone under /root does not allow.
  if (isRoot) installation = await cloneInstallation(clone);
});

afterEach(() => Promise.all(started.splice(0).map((one) => one.stop())));
afterAll(() => rm(home, { recursive: true }));

describe('an ordinary user', () => {
  it('runs the database without the help of anybody else', async () => {
    const ids = await ordinaryUser();
    const dataDir = join(await folderOf('own', ids), 'data');
    const { host, refusal } = await service(dataDir, ids);
    expect(refusal).toBe('');
    expect(await ask(host, 'select 1 as one')).toEqual([{ one: 1 }]);
    const uid = ids?.uid ?? process.getuid?.();
    for (const path of [host, dataDir, join(dataDir, 'postgres', 'postmaster.pid')]) {
      expect((await stat(path)).uid).toBe(uid);
    }
    expect((await stat(dataDir)).mode & 0o077).toBe(0);
  });

  it('is told of a folder which it may not write', async () => {
    const ids = await ordinaryUser();
    const folder = await folderOf('unwritable', ids);
    await chmod(folder, 0o500);
    for (const dataDir of [folder, join(folder, 'data')]) {
      expect((await service(dataDir, ids)).refusal).toBe(
        `The data folder ${dataDir} cannot be used (permission denied): set DATA_DIR to a folder this user may write, or set DATABASE_URL to use a PostgreSQL server.`,
      );
    }
  });
});

// Only root can play several users.
if (isRoot) {
  describe('root', () => {
    it('leaves the database to somebody else, from a clone that only root can enter', async () => {
      await chmod(clone, 0o700);
      const dataDir = join(home, 'root data');
      const first = await service(dataDir);
      expect(first.refusal).toBe('');
      expect((await stat(join(dataDir, 'postgres', 'postmaster.pid'))).uid).not.toBe(0);
      expect((await stat(dataDir)).mode & 0o067).toBe(0);
      const copy = (await readdir(dataDir)).find((name) => name.startsWith('bin-')) ?? 'none';
      const libraries = await readdir(join(dataDir, copy, 'lib'));
      expect(libraries.filter((name) => name.endsWith('.a'))).toEqual([]);
      const { ino } = await stat(join(dataDir, copy));
      await first.stop();
      const second = await service(dataDir);
      expect(await ask(second.host, 'select 1 as one')).toEqual([{ one: 1 }]);
      expect((await stat(join(dataDir, copy))).ino).toBe(ino);
      await chmod(clone, 0o755);
    });

    it('is told of a folder into which that somebody cannot get', async () => {
      const closed = join(home, 'closed');
      await mkdir(closed, { mode: 0o700 });
      expect((await service(join(closed, 'deep', 'data'))).refusal).toMatch(
        /^PostgreSQL runs as the user \w+ because it refuses root, and \w+ cannot enter .*\/closed: set DATA_DIR to a folder outside it, [^\n]*DATABASE_URL[^\n]*\.$/,
      );
    });

    it('gets a restored backup running, whoever owns its files', async () => {
      const dataDir = join(home, 'restored');
      const first = await service(dataDir);
      const { uid } = await stat(join(dataDir, 'postgres'));
      await first.stop();
      execFileSync('chown', ['-R', '0:0', dataDir]);
      await chmod(join(dataDir, 'postgres'), 0o755);
      expect((await service(dataDir)).refusal).toBe('');
      expect((await stat(join(dataDir, 'postgres', 'base'))).uid).toBe(uid);
    });
  });

  describe('a database of an ordinary user', () => {
    it('runs as that user for root, and for nobody else', async () => {
      const ids = await ordinaryUser();
      const dataDir = join(await folderOf('theirs', ids), 'data');
      const theirs = await service(dataDir, ids);
      await theirs.stop();
      const forRoot = await service(dataDir);
      expect(forRoot.refusal).toBe('');
      expect((await stat(join(dataDir, 'postgres', 'postmaster.pid'))).uid).toBe(ids?.uid);
      await forRoot.stop();
      await chmod(dataDir, 0o777);
      expect((await service(dataDir, { uid: 1, gid: 1 })).refusal).toMatch(
        /^The database in .*\/theirs\/data\/postgres belongs to another user \(uid \d+\): run Mooring as that user or as root/,
      );
    });
  });

  describe('a user id without a name', () => {
    it('is told that PostgreSQL needs one', async () => {
      const ids = { uid: 54_321, gid: 54_321 };
      const { refusal } = await service(join(await folderOf('nameless', ids), 'data'), ids);
      expect(refusal).toMatch(
        /^The user id 54321 has no entry in the password file, which PostgreSQL needs: [^\n]*DATABASE_URL/,
      );
    });
  });
}
