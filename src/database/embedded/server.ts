import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.js';
import { type Account, run, SURROUNDINGS } from './command.js';
import { type DataFolder, openLog } from './data-folder.js';
import { isPostmaster, livingPostmaster, type Postmaster } from './postmaster.js';

/** A running PostgreSQL. */
export interface Server {
  readonly pid: number;
  readonly socketFolder: string;
  /** Settles with the cause in words when the process is gone, for whatever reason. */
  readonly exited: Promise<string>;
}

/** What differs from PostgreSQL's defaults. Durability stays on. */
const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '100',
  // Parallel queries need /dev/shm, of which containers have little; no statement of the service gains by them.
  max_parallel_workers_per_gather: '0',
  // The service reports failed statements itself; here they would grow the file and quote what was stored.
  log_min_messages: 'log',
  log_checkpoints: 'off',
} as const satisfies Record<string, string>;

const GENTLE_STOP_MS = 8_000;
const QUICK_STOP_MS = 6_000;
const POLL_MS = 25;
const LONGEST_COMPLAINT = 16_384;
const ADOPTED_POLL_MS = 250;
const NOTICE_MS = 10_000;

/** The arguments of `postgres`. The socket folder is quoted, or a comma in it would begin a second one. */
export function serverArguments(
  cluster: string,
  socketFolder: string,
  settings: Readonly<Record<string, string>> = {},
): string[] {
  const all = Object.entries({ ...SETTINGS, ...settings });
  return [
    '-D',
    cluster,
    '-k',
    `"${socketFolder}"`,
    ...all.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** With `setpriv` the kernel stops the server as soon as the service is gone, be it by kill -9. */
async function commandLine(postgres: string, args: string[], account: Account): Promise<[string, string[]]> {
  const leash = ['--pdeathsig', 'INT'];
  const { code } = await run('setpriv', [...leash, 'sh', '-c', ':'], account);
  return code === 0 ? ['setpriv', [...leash, postgres, ...args]] : [postgres, args];
}

export interface Launch {
  readonly folder: DataFolder;
  readonly binaries: Binaries;
  readonly account: Account;
  readonly socketFolder: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

async function spawnServer(how: Launch, log: number): Promise<Server> {
  const { folder, binaries, account, socketFolder, settings } = how;
  const args = serverArguments(folder.cluster, socketFolder, settings);
  const [command, commandArgs] = await commandLine(binaries.postgres, args, account);
  const child = spawn(command, commandArgs, {
    ...SURROUNDINGS,
    ...account.ids,
    // Control-C in a terminal reaches its whole process group; the database must outlive the requests in flight.
    detached: true,
    stdio: ['ignore', log, log],
  });
  const exited = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, killer) => resolve(killer ? `killed by ${killer}` : `exit code ${code}`));
  });
  return { pid: child.pid ?? 0, socketFolder, exited };
}

/** Either a server that is ready, or the lines in which it said why it is not. */
export type Launched = { readonly server: Server } | { readonly complaint: string };

/** Waits until the server is ready: null, or has ended: the cause. Nothing is gained by giving up a recovery. */
async function becomeReady(server: Server, { folder, log }: Launch): Promise<string | null> {
  for (let waited = POLL_MS; ; waited += POLL_MS) {
    const cause = await Promise.race([server.exited, sleep(POLL_MS, null)]);
    if (cause !== null) return cause;
    const living = await livingPostmaster(folder.cluster);
    if (living?.pid === server.pid && living.status === 'ready') return null;
    if (waited % NOTICE_MS === 0) log('PostgreSQL is still recovering; waiting for it.');
  }
}

/** Starts a server and waits until it is ready or has failed. */
export async function launch(how: Launch): Promise<Launched> {
  const log = await openLog(how.folder);
  try {
    const { size } = await log.stat();
    const server = await spawnServer(how, log.fd);
    const cause = await becomeReady(server, how);
    if (cause === null) return { server };
    const { buffer, bytesRead } = await log.read({ buffer: Buffer.alloc(LONGEST_COMPLAINT), position: size });
    return { complaint: buffer.toString('utf8', 0, bytesRead) || cause };
  } finally {
    await log.close();
  }
}

/** A server which a killed service left behind, watched as if this process had started it. */
export function adopt({ pid, socketFolder }: Postmaster, cluster: string): Server {
  const exited = (async () => {
    while (await isPostmaster(pid, cluster)) await sleep(ADOPTED_POLL_MS, null, { ref: false });
    return 'it went away';
  })();
  return { pid, socketFolder, exited };
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Stops the server: in an orderly way within eight seconds, otherwise at once, which the next start mends. */
export async function stopServer({ pid, exited }: Server): Promise<void> {
  const steps = [
    ['SIGINT', GENTLE_STOP_MS],
    ['SIGQUIT', QUICK_STOP_MS],
  ] as const;
  // The number of one that is gone may be somebody else's by now.
  if ((await Promise.race([exited, null])) !== null) return;
  for (const [name, patience] of steps) {
    signal(pid, name);
    const timer = new AbortController();
    const late = sleep(patience, 'late', { signal: timer.signal }).catch(() => 'late');
    const outcome = await Promise.race([exited.then(() => 'gone'), late]);
    timer.abort();
    if (outcome === 'gone') return;
  }
}
