import { realpath } from 'node:fs/promises';
import { chooseAccount } from './account.js';
import { answers, type EmbeddedDatabase, embeddedDatabase, ensureDatabase } from './connection.js';
import {
  createDataFolder,
  type DataFolder,
  explainFolderFailure,
  layout,
  openForAccount,
} from './data-folder.js';
import { obtainServer } from './obtain-server.js';
import { settledPostmaster } from './postmaster.js';
import { type Server, stopServer } from './server.js';
import { lockDatabase, lockFolder, type ServiceLock } from './service-lock.js';
import { removeSocketFolder } from './socket-folder.js';

export { databaseUrl } from './connection.js';
export { defaultDataDir } from './data-folder.js';

export interface EmbeddedPostgresOptions {
  /** The folder of this service alone; created when it is missing. */
  readonly dataDir: string;
  /** Takes one line about what is being done. */
  readonly log: (line: string) => void;
  /** Called once, with the cause in words, when the server ends without having been told to. */
  readonly onUnexpectedExit?: (cause: string) => void;
  /** Aborted when the server is no longer wanted: a start under way is then given up, and rejects with its reason. */
  readonly stop?: AbortSignal;
  /** Further settings of the server, such as `fsync: 'off'` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres extends EmbeddedDatabase {
  /** Stops the server and frees the data folder. Later calls wait for the first. */
  stop(): Promise<void>;
}

async function shutDown(server: Server): Promise<void> {
  await stopServer(server);
  await removeSocketFolder(server.socketFolder);
}

function supervise(
  server: Server,
  lock: ServiceLock,
  folder: DataFolder,
  onUnexpectedExit: EmbeddedPostgresOptions['onUnexpectedExit'],
): EmbeddedPostgres {
  let stopped: Promise<void> | undefined;
  const report = async () => {
    const cause = await server.exited;
    if (stopped === undefined)
      onUnexpectedExit?.(`The embedded PostgreSQL ended (${cause}); its log is ${folder.log}`);
  };
  void report();
  const stop = async () => {
    await shutDown(server);
    await lock.release();
  };
  return { ...embeddedDatabase(server.socketFolder), stop: () => (stopped ??= stop()) };
}

async function start({ dataDir, ...options }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = await createDataFolder(dataDir);
  const account = await chooseAccount(folder.cluster);
  await openForAccount(folder, account);
  const folderLock = await lockFolder(folder.lock, options.stop);
  try {
    const server = await obtainServer({ ...options, folder, account, locked: folderLock !== null });
    // Refused here, the server belongs to the other service: it must go on.
    const lock = folderLock ?? (await lockDatabase(server.socketFolder, folder.lock));
    try {
      await ensureDatabase(server.socketFolder, options.stop);
    } catch (error) {
      await shutDown(server);
      if (lock !== folderLock) await lock.release();
      throw error;
    }
    return supervise(server, lock, folder, options.onUnexpectedExit);
  } catch (error) {
    await folderLock?.release();
    throw error;
  }
}

/**
 * Starts PostgreSQL on `dataDir`, or adopts the one that a killed service left there; recovers from any former end.
 * Throws StartupError, in one sentence with the remedy, when that cannot be done.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    throw explainFolderFailure(error, options.dataDir);
  }
}

/** The server which another process runs on `dataDir` right now, or null when none runs. Starts and changes nothing. */
export async function attachEmbeddedPostgres({
  dataDir,
}: Pick<EmbeddedPostgresOptions, 'dataDir'>): Promise<EmbeddedDatabase | null> {
  try {
    const { cluster } = layout(await realpath(dataDir));
    const running = await settledPostmaster(cluster);
    return running !== null && (await answers(running.socketFolder))
      ? embeddedDatabase(running.socketFolder)
      : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw explainFolderFailure(error, dataDir);
  }
}
