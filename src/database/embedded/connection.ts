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

/** A client of the cluster's maintenance database, not yet connected. */
export function maintenanceClient(socketFolder: string): Client {
  const connectionString = databaseUrl({ host: socketFolder, user: NAME, database: MAINTENANCE });
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000 });
  // A server that dies would otherwise take the process with it before anybody hears why.
  client.on('error', () => undefined);
  return client;
}

async function withClient<T>(socketFolder: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = maintenanceClient(socketFolder);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Whether the server behind the socket takes connections. */
export async function answers(socketFolder: string): Promise<boolean> {
  try {
    await withClient(socketFolder, (client) => client.query('select 1'));
    return true;
  } catch {
    return false;
  }
}

/** Creates the service's database unless it is there. */
export async function ensureDatabase(socketFolder: string): Promise<void> {
  await withClient(socketFolder, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [NAME]);
    if (rowCount === 0) await client.query(`create database ${NAME}`);
  });
}
