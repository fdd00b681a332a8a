import { createDataSource } from './data-source.js';
import type { DataSource } from 'typeorm';
import { StartupError } from '../startup-error.js';
import { databaseUrl } from './embedded/connection.js';
import { defaultDataDir } from './embedded/data-folder.js';
import { attachEmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded-postgres.js';
import { migrate } from './migrate.js';

export interface DatabaseSettings {
  /** Null for the embedded PostgreSQL under `dataDir`. */
  readonly url: string | null;
  /** Null for the default of this user. */
  readonly dataDir: string | null;
  readonly poolSize: number;
}

export interface OpenDatabase {
  readonly dataSource: DataSource;
  /** Where the service keeps its files; with a remote database only the artifacts, if they are not elsewhere. */
  readonly dataDir: string;
  readonly embedded: boolean;
  /** Closes the connections and stops what was started. */
  stop(): Promise<void>;
}

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

export interface Opening {
  /** Takes one line about what is being done. */
  readonly log: (line: string) => void;
  /** Uses the embedded server that a running service has started, if there is one. */
  readonly attach?: boolean;
  /** Called once, with the cause in words, when the embedded server ends by itself. */
  readonly onLost?: (cause: string) => void;
  /** Aborted when the database is no longer wanted. */
  readonly stop?: AbortSignal;
}

const NOTHING_TO_STOP = async () => undefined;

/**
 * Connects to the database, starting the embedded one where no other is named, and brings its schema up to date.
 * Every failure is a StartupError, but the reason of `stop` when that is aborted before the database is open.
 */
export async function openDatabase(settings: DatabaseSettings, opening: Opening): Promise<OpenDatabase> {
  const dataDir = settings.dataDir ?? defaultDataDir();
  const server = await findServer(settings.url, dataDir, opening);
  try {
    opening.stop?.throwIfAborted();
    const dataSource = await connect(server.url, settings.poolSize);
    return {
      dataSource,
      dataDir,
      embedded: settings.url === null,
      async stop() {
        // Nest closes the connections of a service that has started; what is closed stays closed.
        if (dataSource.isInitialized) await dataSource.destroy();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function findServer(
  url: string | null,
  dataDir: string,
  { log, attach = false, onLost, stop }: Opening,
): Promise<Server> {
  if (url !== null) return { url, stop: NOTHING_TO_STOP };
  const options = {
    dataDir,
    log,
    ...(onLost !== undefined && { onUnexpectedExit: onLost }),
    ...(stop !== undefined && { stop }),
  };
  const running = attach ? await attachEmbeddedPostgres(options) : null;
  if (running !== null) return { url: databaseUrl(running), stop: NOTHING_TO_STOP };
  const started = await startEmbeddedPostgres(options);
  return { url: databaseUrl(started), stop: () => started.stop() };
}

async function connect(url: string, poolSize: number): Promise<DataSource> {
  try {
    await migrate(url);
    return await createDataSource({ url, poolSize }).initialize();
  } catch (error) {
    if (error instanceof StartupError) throw error;
    // The driver's own text is a reason and holds no password; the URL does, so it is not repeated.
    const reason = error instanceof Error ? error.message || error.name : 'unknown error';
    throw new StartupError(`The database can't be used: ${reason.split('\n')[0]}.`, { cause: error });
  }
}
