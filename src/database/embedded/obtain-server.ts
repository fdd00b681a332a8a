import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../../startup-error.js';
import { findNativePackage, usableBinaries } from './binaries.js';
import { ensureCluster } from './cluster.js';
import type { Account } from './command.js';
import { answers } from './connection.js';
import type { DataFolder } from './data-folder.js';
import { disownStalePid, settledPostmaster } from './postmaster.js';
import { adopt, launch, type Server, stopServer } from './server.js';
import { taken } from './service-lock.js';
import { makeSocketFolder, removeSocketFolder } from './socket-folder.js';

/** What processes of a server that was killed still hold for a moment, until they have noticed. */
const PASSING = /pre-existing shared memory block|lock file ".*" already exists/;
const PATIENCE_MS = 20_000;
const PAUSE_MS = 200;
const ABOUT_TO_STOP_MS = 100;

export interface Request {
  readonly folder: DataFolder;
  readonly account: Account;
  /** Whether the lock of the folder is held, so that a server found running can belong to nobody else. */
  readonly locked: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  /** Aborted when the server is no longer wanted. */
  readonly stop?: AbortSignal;
}

/** The server that a killed service left behind, or null when there is none that can be used. */
async function takeOver({ folder, locked, log, stop }: Request): Promise<Server | null> {
  if ((await settledPostmaster(folder.cluster)) === null) return null;
  // One whose service was killed this instant may have been told to stop and not yet say so.
  await sleep(ABOUT_TO_STOP_MS);
  const found = await settledPostmaster(folder.cluster);
  if (found === null) return null;
  const server = adopt(found, folder.cluster);
  if (await answers(found.socketFolder, stop)) {
    log(`Adopting the PostgreSQL (process ${found.pid}) that a killed service left running.`);
    return server;
  }
  if (!locked) throw await taken(folder.lock);
  log(`Stopping a PostgreSQL (process ${found.pid}) that was left running and cannot be reached.`);
  await stopServer(server);
  return null;
}

async function startAnew({ folder, account, settings, log, stop }: Request): Promise<Server | string> {
  await disownStalePid(folder.cluster, account);
  const binaries = await usableBinaries(await findNativePackage(), folder.home, account);
  await ensureCluster(folder.cluster, binaries, account, stop);
  stop?.throwIfAborted();
  const socketFolder = await makeSocketFolder(account, folder.socketRecord);
  const launched = await launch({ folder, binaries, account, socketFolder, settings, log });
  if ('server' in launched) return launched.server;
  await removeSocketFolder(socketFolder);
  return launched.complaint;
}

/**
 * A running server on the folder: one left behind, or a new one. Throws StartupError when neither can be had, or the
 * reason of `stop` when that is aborted first.
 */
export async function obtainServer(request: Request): Promise<Server> {
  for (let waited = 0; ; waited += PAUSE_MS) {
    const server = (await takeOver(request)) ?? (await startAnew(request));
    if (typeof server !== 'string') return server;
    if (!PASSING.test(server) || waited >= PATIENCE_MS) {
      const reason = /(?:FATAL|PANIC): +(.*)/.exec(server)?.[1] ?? server.trim().split('\n')[0];
      throw new StartupError(
        `The embedded PostgreSQL did not start (${reason}): see ${request.folder.log}, or set DATABASE_URL to use a PostgreSQL server.`,
      );
    }
    await sleep(PAUSE_MS);
  }
}
