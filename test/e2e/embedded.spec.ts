import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { chooseAccount } from '../../src/database/embedded/account.js';
import { findNativePackage, usableBinaries } from '../../src/database/embedded/binaries.js';
import { answers, databaseUrl, ensureDatabase } from '../../src/database/embedded/connection.js';
import {
  attachEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/database/embedded/embedded-postgres.js';
import { livingPostmaster } from '../../src/database/embedded/postmaster.js';
import { serverArguments } from '../../src/database/embedded/server.js';
import { lockDatabase, lockFolder } from '../../src/database/embedded/service-lock.js';
import { ask, type EmbeddedService, serverPid, startService } from '../setup/embedded-service.js';

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const BUSY_SECOND = `do $$ declare until timestamptz := clock_timestamp() + interval '1 second';
  begin while clock_timestamp() < until loop end loop; end $$`;

let home: string;
let dataDir: string;
const started: EmbeddedService[] = [];

async function service(): Promise<EmbeddedService> {
  const fresh = await startService(dataDir);
  started.push(fresh);
  expect(fresh.refusal).toBe('');
  return fresh;
}

/** A process of the user whose database it is, as a former server or a stranger with its number would be. */
async function spawnAsOwner(command: string, args: string[]): Promise<ChildProcess> {
  const { ids } = await chooseAccount(join(dataDir, 'postgres'));
  return spawn(command, args, { ...ids, cwd: '/', detached: true, stdio: 'ignore' });
}

const refusalOn = (folder: string) =>
  startEmbeddedPostgres({ dataDir: folder, log: () => undefined }).then(
    () => 'it started',
    (error: Error) => `${error.constructor.name}: ${error.message}`,
  );

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'mooring embedded '));
  await chmod(home, 0o755);
  dataDir = join(home, 'my data');
  const first = await service();
  await ask(first.host, 'create table kept (word text)');
  await first.stop();
});

afterEach(() => Promise.all(started.splice(0).map((one) => one.stop())));
afterAll(() => rm(home, { recursive: true }));

describe('an embedded PostgreSQL', () => {
  it('listens on a socket in a private folder alone, with durability on', async () => {
    const { host } = await service();
    const settings =
      "current_setting('listen_addresses') tcp, current_setting('fsync') || current_setting('synchronous_commit') safe";
    expect(await ask(host, `select ${settings}, current_user me`)).toEqual([
      { tcp: '', safe: 'onon', me: 'mooring' },
    ]);
    expect((await stat(host)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700);
  });

  it('gives its user nothing in the data folder but the way through', async () => {
    await service();
    expect((await stat(dataDir)).uid).toBe(process.getuid?.());
    expect((await stat(dataDir)).mode & 0o066).toBe(0);
    expect((await stat(join(dataDir, 'postgres', 'postmaster.pid'))).uid).not.toBe(0);
  });

  it('keeps what was stored, and leaves no process, pid file or socket when it is stopped', async () => {
    const first = await service();
    const pid = await serverPid(dataDir);
    await ask(first.host, "insert into kept values ('over a restart')");
    await first.stop();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
    expect(existsSync(first.host)).toBe(false);
    const second = await service();
    expect(await ask(second.host, 'select word from kept')).toContainEqual({ word: 'over a restart' });
  });

  it('goes on when Control-C reaches everything that belongs to the service', async () => {
    const { host, pid } = await service();
    process.kill(-pid, 'SIGINT');
    await sleep(200);
    expect(await ask(host, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await refusalOn(dataDir)).toContain(`Another Mooring (process ${pid})`);
  });

  it('is found by the admin command line while a service runs it, and only then', async () => {
    const { host, stop } = await service();
    expect(await attachEmbeddedPostgres({ dataDir })).toEqual({ host, user: 'mooring', database: 'mooring' });
    await stop();
    expect(await attachEmbeddedPostgres({ dataDir })).toBeNull();
    expect(await attachEmbeddedPostgres({ dataDir: join(home, 'nowhere') })).toBeNull();
  });
});

describe('a second service on the same data folder', () => {
  it('is refused with the process of the first, which goes on', async () => {
    const { host, pid } = await service();
    expect(await refusalOn(dataDir)).toBe(
      `StartupError: Another Mooring (process ${pid}) runs on this data folder: stop it first, or set DATA_DIR to another folder.`,
    );
    expect(await ask(host, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is refused by the database where the folder cannot be locked', async () => {
    const { host } = await service();
    const file = join(home, 'lock');
    const first = await lockDatabase(host, file);
    await expect(lockDatabase(host, file)).rejects.toThrow(`Another Mooring (process ${process.pid})`);
    await first.release();
    const second = await lockDatabase(host, file);
    await second.release();
  });
});

describe('the next start', () => {
  it('recovers when the server was killed, of which the service was told', async () => {
    const first = await service();
    await ask(first.host, "insert into kept values ('over a crash of the server')");
    process.kill(await serverPid(dataDir), 'SIGKILL');
    expect(await first.ended).toMatch(/^The embedded PostgreSQL ended \(killed by SIGKILL\)/);
    await first.stop();
    const { host } = await service();
    expect(await ask(host, 'select word from kept')).toContainEqual({ word: 'over a crash of the server' });
  });

  it('recovers when service and server were killed at once in the middle of something', async () => {
    const first = await service();
    await ask(first.host, "insert into kept values ('over a crash of all')");
    // A statement at work does not notice at once, and nobody may touch the data before it has ended.
    const busy = ask(first.host, BUSY_SECOND).catch(() => undefined);
    await sleep(100);
    process.kill(await serverPid(dataDir), 'SIGKILL');
    await first.kill();
    const { host } = await service();
    expect(await ask(host, 'select word from kept')).toContainEqual({ word: 'over a crash of all' });
    expect(existsSync(first.host)).toBe(false);
    await busy;
  });

  it('follows at once on a service that was killed alone', async () => {
    const first = await service();
    await first.kill();
    const { host } = await service();
    expect(await ask(host, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('adopts a server that was left running, and stops it in the end', async () => {
    const socketFolder = join(home, 'left');
    await mkdir(socketFolder);
    await chmod(socketFolder, 0o777);
    const cluster = join(dataDir, 'postgres');
    const { postgres } = await usableBinaries(
      await findNativePackage(),
      dataDir,
      await chooseAccount(cluster),
    );
    const left = await spawnAsOwner(postgres, serverArguments(cluster, socketFolder));
    while ((await livingPostmaster(cluster))?.pid !== left.pid) await sleep(10);
    const next = await service();
    expect(next.host).toBe(socketFolder);
    expect(await serverPid(dataDir)).toBe(left.pid);
    await next.stop();
    expect(left.exitCode).toBe(0);
  });

  it('is not held up by a stale process id that now belongs to somebody else', async () => {
    const first = await service();
    process.kill(await serverPid(dataDir), 'SIGKILL');
    await first.kill();
    const stranger = await spawnAsOwner('sleep', ['60']);
    const file = join(dataDir, 'postgres', 'postmaster.pid');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^\d+/, `${stranger.pid}`));
    const { host } = await service();
    expect(await ask(host, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(stranger.exitCode).toBeNull();
    stranger.kill();
  });
});

/** A socket behind which nothing answers, as on a machine that gives its server no time; `wake` lets it through to `host`. */
async function sleepingSocket(host: string) {
  const folder = await mkdtemp(join(home, 'slow-'));
  const name = '.s.PGSQL.5432';
  const held: Socket[] = [];
  const server = createServer((socket) => held.push(socket.on('error', () => socket.destroy())));
  await once(server.listen(join(folder, name)), 'listening');
  return {
    folder,
    wake() {
      for (const socket of held)
        socket.pipe(connect(join(host, name)).on('error', () => socket.destroy())).pipe(socket);
    },
    async close() {
      for (const socket of held) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}

/** Connects with the patience that requests have. */
const requestPatience = (host: string) =>
  new Client({
    connectionString: databaseUrl({ host, user: 'mooring', database: 'postgres' }),
    connectionTimeoutMillis: 5_000,
  }).connect();

describe('a server that is slow to answer', () => {
  it('is waited for longer than any request waits', async () => {
    const { host } = await service();
    const { folder, wake, close } = await sleepingSocket(host);
    const outcome = Promise.allSettled([answers(folder), ensureDatabase(folder)]);
    await expect(requestPatience(folder)).rejects.toThrow('timeout expired');
    wake();
    expect(await outcome).toEqual([
      { status: 'fulfilled', value: true },
      { status: 'fulfilled', value: undefined },
    ]);
    await close();
  });

  it('is no longer waited for once the service is asked to stop', async () => {
    const { folder, close } = await sleepingSocket('nowhere');
    const impatient = requestPatience(folder).catch(() => 'it took too long');
    const stop = new AbortController();
    const given = [answers(folder, stop.signal), ensureDatabase(folder, stop.signal)];
    stop.abort('stopped');
    for (const each of given) expect(await Promise.race([each.catch(String), impatient])).toBe('stopped');
    await close();
    await impatient;
  });
});

/** The lock of a folder as its holder leaves it who was killed: held until `release`, and signed with that number. */
async function heldLock(pid: number) {
  const file = join(await mkdtemp(join(home, 'lock-')), 'service.lock');
  const holder = spawn('flock', [file, 'sh', '-c', 'echo ok; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  await writeFile(file, `${pid}\n`);
  return { file, release: () => holder.stdin.end() };
}

describe('the lock of a service that was killed', () => {
  it('is waited for longer than that of one that lives', async () => {
    const { pid: dead } = spawnSync('true');
    const [left, rival] = [await heldLock(dead), await heldLock(process.pid)];
    const lock = lockFolder(left.file);
    await expect(lockFolder(rival.file)).rejects.toThrow(`Another Mooring (process ${process.pid})`);
    left.release();
    await (await lock)?.release();
    rival.release();
  });

  it('is no longer waited for once the service is asked to stop', async () => {
    const { pid: dead } = spawnSync('true');
    const { file, release } = await heldLock(dead);
    const stop = new AbortController();
    const lock = lockFolder(file, stop.signal);
    stop.abort('stopped');
    await expect(lock).rejects.toBe('stopped');
    release();
  });
});

describe('a refusal is one sentence with its remedy', () => {
  it('where the data folder cannot be made', async () => {
    const folder = join(dataDir, 'postgres.log', 'data');
    expect(await refusalOn(folder)).toBe(
      `StartupError: The data folder ${folder} cannot be used (a part of its path is a file): set DATA_DIR to a folder this user may write, or set DATABASE_URL to use a PostgreSQL server.`,
    );
  });

  it('where the database was made by another major version', async () => {
    const folder = join(home, 'former');
    await mkdir(join(folder, 'postgres'), { recursive: true });
    await writeFile(join(folder, 'postgres', 'PG_VERSION'), '12\n');
    expect(await refusalOn(folder)).toMatch(
      /^StartupError: The database in .*former\/postgres was made by PostgreSQL 12 and cannot be read by 18: [^\n]*DATABASE_URL\.$/,
    );
  });

  it('where something else lies in its place, which stays untouched', async () => {
    const folder = join(home, 'other');
    await mkdir(join(folder, 'postgres', 'photos'), { recursive: true });
    expect(await refusalOn(folder)).toMatch(
      /^StartupError: .*other\/postgres holds something that is no PostgreSQL/,
    );
    expect(await readdir(join(folder, 'postgres'))).toEqual(['photos']);
  });

  it('where the server will not start', async () => {
    const folder = join(home, 'wrong');
    const failure = startEmbeddedPostgres({
      dataDir: folder,
      settings: { shared_buffers: 'plenty' },
      log: () => undefined,
    });
    await expect(failure).rejects.toThrow(
      /^The embedded PostgreSQL did not start \(invalid value for parameter "shared_buffers": "plenty"\): see .*postgres\.log/,
    );
  });
});
