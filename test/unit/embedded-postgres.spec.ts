import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'pg-connection-string';
import { parsePasswd, pickAccount } from '../../src/database/embedded/account.js';
import { findNativePackage, usableBinaries } from '../../src/database/embedded/binaries.js';
import { databaseUrl } from '../../src/database/embedded/connection.js';
import {
  defaultDataDir,
  explainFolderFailure,
  layout,
  openLog,
} from '../../src/database/embedded/data-folder.js';
import { parsePostmasterPid } from '../../src/database/embedded/postmaster.js';
import { serverArguments } from '../../src/database/embedded/server.js';
import { fitsSocketPath, removeSocketFolder } from '../../src/database/embedded/socket-folder.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mooring-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const PASSWD = `root:x:0:0:root:/root:/bin/bash
# a comment
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false
postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash
`;

describe('the user that runs PostgreSQL for root', () => {
  const passwd = parsePasswd(PASSWD);

  it('is postgres, or the next best who can own files', () => {
    expect(pickAccount(passwd, null)).toEqual({ name: 'postgres', ids: { uid: 101, gid: 104 } });
    const without = passwd.filter(({ name }) => name !== 'postgres');
    expect(pickAccount(without, null)).toEqual({ name: 'daemon', ids: { uid: 1, gid: 1 } });
    expect(pickAccount(parsePasswd('root:x:0:0::/:/bin/sh\n'), null)).toBeNull();
  });

  it('is the owner of the cluster, unless that is root', () => {
    expect(pickAccount(passwd, { uid: 1, gid: 7 })).toEqual({ name: 'daemon', ids: { uid: 1, gid: 7 } });
    expect(pickAccount(passwd, { uid: 0, gid: 0 })?.name).toBe('postgres');
    expect(pickAccount(passwd, { uid: 5, gid: 6 })).toEqual({ name: '5', ids: { uid: 5, gid: 6 } });
  });

  it('is never root under another name', () => {
    expect(pickAccount(parsePasswd('postgres:x:0:0::/:/bin/sh\n'), null)).toBeNull();
  });
});

describe('postmaster.pid', () => {
  const lines = ['4711', '/data', '1700000000', '5432', '/run/mooring-x', '', '  1234  5', 'ready   '];

  it('tells the process, its socket folder and how far it is', () => {
    expect(parsePostmasterPid(`${lines.join('\n')}\n`)).toEqual({
      pid: 4711,
      socketFolder: '/run/mooring-x',
      status: 'ready',
    });
  });

  it('counts as starting while it is being written', () => {
    expect(parsePostmasterPid('4711\n/data\n')?.status).toBe('starting');
  });

  it.each(['', '\n', 'x', '0', '-4711'])('tells nothing when it begins with %j', (text) => {
    expect(parsePostmasterPid(text)).toBeNull();
  });
});

describe('where things lie', () => {
  it('is apart from the home of root, which the database user cannot enter', () => {
    expect(defaultDataDir(0)).toBe('/var/lib/mooring');
    expect(defaultDataDir(1000)).toBe(join(process.cwd(), 'data'));
  });

  it('holds a socket only where its path fits into an address', () => {
    expect(fitsSocketPath('/run')).toBe(true);
    expect(fitsSocketPath(`/${'a'.repeat(73)}`)).toBe(true);
    expect(fitsSocketPath(`/${'a'.repeat(74)}`)).toBe(false);
    expect(fitsSocketPath(`/${'ä'.repeat(37)}`)).toBe(false);
  });

  it('gives the log of PostgreSQL a new file when it is large', async () => {
    const folder = layout(home);
    await writeFile(folder.log, Buffer.alloc(10 * 1024 * 1024 + 1));
    const log = await openLog(folder);
    expect((await log.stat()).size).toBe(0);
    await log.close();
    expect((await stat(`${folder.log}.1`)).size).toBe(10 * 1024 * 1024 + 1);
  });

  it('lets nothing be removed that is no socket folder', async () => {
    const foreign = join(home, 'mooring-backup');
    await mkdir(foreign);
    await writeFile(join(foreign, 'keep'), '');
    await removeSocketFolder(foreign);
    expect((await stat(join(foreign, 'keep'))).isFile()).toBe(true);
  });
});

describe('the socket URL', () => {
  it('is understood by pg and by URL parsers alike', () => {
    const url = databaseUrl({ host: '/tmp/with space/x', user: 'mooring', database: 'mooring' });
    expect(URL.canParse(url)).toBe(true);
    expect(parse(url)).toMatchObject({
      host: '/tmp/with space/x',
      port: '5432',
      user: 'mooring',
      database: 'mooring',
      ssl: false,
    });
  });
});

describe('the arguments of the server', () => {
  it('name one socket folder, no TCP address, and let later settings win', () => {
    const args = serverArguments('/data/postgres', '/tmp/a,b', { max_connections: '7' });
    expect(args.slice(0, 4)).toEqual(['-D', '/data/postgres', '-k', '"/tmp/a,b"']);
    expect(args).toContain('listen_addresses=');
    expect(args.filter((arg) => arg.startsWith('max_connections='))).toEqual(['max_connections=7']);
  });
});

/** A package whose postgres is this script. */
async function packageOf(script: string) {
  const native = join(home, 'native');
  await mkdir(join(native, 'bin'), { recursive: true });
  await writeFile(join(native, 'pg-symlinks.json'), '[]');
  await writeFile(join(native, 'bin', 'postgres'), script);
  await chmod(join(native, 'bin', 'postgres'), 0o755);
  return { native, version: '1.0' };
}

describe('the programs', () => {
  const self = { name: 'me' };

  it('are found for this platform', async () => {
    expect((await findNativePackage()).version).toMatch(/^\d+\.\d+/);
  });

  it('are missed in one sentence when the optional package is not there', async () => {
    await expect(findNativePackage('linux-abacus')).rejects.toThrow(
      /^No embedded PostgreSQL is installed for linux-abacus: [^\n]*DATABASE_URL[^\n]*\.$/,
    );
  });

  it('are refused where the C library is another one', async () => {
    const musl = await packageOf('#!/lib64/no-such-loader\n');
    await expect(usableBinaries(musl, home, self)).rejects.toThrow(/needs the GNU C library, .*DATABASE_URL/);
  });

  it('are refused with their own words when they run nowhere, and leave no copy', async () => {
    const broken = await packageOf('#!/bin/sh\necho "version GLIBC_9 not found" >&2; exit 1\n');
    await expect(usableBinaries(broken, home, self)).rejects.toThrow(
      'The embedded PostgreSQL cannot run here (version GLIBC_9 not found): set DATABASE_URL to use a PostgreSQL server.',
    );
    await expect(stat(join(home, 'bin-1.0'))).rejects.toThrow('ENOENT');
  });
});

describe('a failure of the file system', () => {
  it('becomes a sentence that names the folder and the remedy', () => {
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', path: '/data/x' });
    expect(explainFolderFailure(full, '/data')).toEqual(
      new Error(
        'The data folder /data cannot be used (the disk is full): set DATA_DIR to a folder this user may write, or set DATABASE_URL to use a PostgreSQL server.',
      ),
    );
  });

  it('is left alone when it is something else', () => {
    const bug = new TypeError('undefined is not a function');
    expect(explainFolderFailure(bug, '/data')).toBe(bug);
  });
});
