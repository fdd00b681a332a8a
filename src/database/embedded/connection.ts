import { Client } from 'pg';
import { SOCKET_NUMBER } from './socket-folder.js';

/** The superuser of the cluster and the database of the service bear the same name. */
const NAME = 'mooring';
const MAINTENANCE = 'postgres';

export interface EmbeddedDatabase {
  /** The folder of the Unix socket. */
  readonly host: string;
  readonly user: string;
  readonly database: string;
}

export const embeddedDatabase = (socketFolder: string): EmbeddedDatabase => ({
  host: socketFolder,
  user: NAME,
  database: NAME,
});

/**
 * The libpq URL of a database behind a socket, in a form that URL parsers accept as well (a user before an empty host
 * they do not). Port and TLS are spelled out, or PGPORT and PGSSLMODE in the environment would lead clients astray.
 */
export function databaseUrl({ host, user, database }: EmbeddedDatabase): string {
  const query = new URLSearchParams({ host, port: String(SOCKET_NUMBER), user, sslmode: 'disable' });
  // libpq takes a plus sign for itself, not for a space.
  return `postgres:///${database}?${query.toString().replaceAll('+', '%20')}`;
}

/** A machine on which everything starts at once can leave a healthy server no time for many seconds. */
const PATIENCE_MS = 20_000;

/** Rejects with the reason of `stop` as soon as that is aborted. */
async function unlessStopped<T>(work: Promise<T>, stop: AbortSignal | undefined): Promise<T> {
  if (stop === undefined) return work;
  const stopped = Promise.withResolvers<never>();
  const giveUp = () => stopped.reject(stop.reason as Error);
  stop.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    stop.removeEventListener('abort', giveUp);
  }
}

/**
 * A client of the cluster's maintenance database. Connecting is given up with the reason of `stop` as soon as that is
 * aborted.
 */
export async function maintenanceClient(socketFolder: string, stop?: AbortSignal): Promise<Client> {
  stop?.throwIfAborted();
  const connectionString = databaseUrl({ host: socketFolder, user: NAME, database: MAINTENANCE });
  const client = new Client({ connectionString, connectionTimeoutMillis: PATIENCE_MS });
  // A server that dies would otherwise take the process with it before anybody hears why.
  client.on('error', () => undefined);
  try {
    await unlessStopped(client.connect(), stop);
    return client;
  } catch (error) {
    // Nobody waits for this: a server that answers nothing does not take leave either.
    void client.end().catch(() => undefined);
    throw error;
  }
}

async function withClient<T>(
  socketFolder: string,
  stop: AbortSignal | undefined,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await maintenanceClient(socketFolder, stop);
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Whether the server behind the socket takes connections. Rejects with the reason of `stop` when that is aborted first. */
export async function answers(socketFolder: string, stop?: AbortSignal): Promise<boolean> {
  try {
    await withClient(socketFolder, stop, (client) => client.query('select 1'));
    return true;
  } catch {
    stop?.throwIfAborted();
    return false;
  }
}

/** Creates the service's database unless it is there. Rejects with the reason of `stop` when that is aborted first. */
export async function ensureDatabase(socketFolder: string, stop?: AbortSignal): Promise<void> {
  await withClient(socketFolder, stop, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [NAME]);
    if (rowCount === 0) await client.query(`create database ${NAME}`);
  });
}
