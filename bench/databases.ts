import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import { databaseUrl, startEmbeddedPostgres } from './built.ts';
import type { Closing } from './closing.ts';

/** A PostgreSQL with durability on, in which every data set gets a database of its own. */
export interface Databases {
  readonly version: string;
  /** Creates an empty database and answers its URL; it is dropped at the end. */
  create(closing: Closing): Promise<string>;
}

const within = (server: string, database: string): string => {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
};

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

const DURABLE = ['fsync', 'synchronous_commit', 'full_page_writes'];

async function refuseForgetful(client: Client): Promise<void> {
  for (const name of DURABLE) {
    const { rows } = await client.query<{ setting: string }>('select current_setting($1) as setting', [name]);
    if (rows[0]?.setting !== 'on') throw new Error(`${name} is not on: there is nothing to compare`);
  }
}

/** pgbench takes a connection for each of its clients, beside those of the servers. */
const SETTINGS = { max_connections: '200' };

export async function openDatabases(
  { url, folder }: { readonly url: string | null; readonly folder: string },
  closing: Closing,
): Promise<Databases> {
  let server = url;
  if (server === null) {
    const postgres = await startEmbeddedPostgres({
      dataDir: join(folder, 'postgres'),
      log: () => undefined,
      settings: SETTINGS,
    });
    closing.later(() => postgres.stop());
    server = databaseUrl(postgres);
  }
  const anywhere = server;
  const version = await withClient(anywhere, async (client) => {
    await refuseForgetful(client);
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? '';
  });
  return {
    version,
    async create(until) {
      const name = `mooring_bench_${randomBytes(4).toString('hex')}`;
      await withClient(anywhere, (client) => client.query(`create database ${name}`));
      until.later(() => withClient(anywhere, (client) => client.query(`drop database ${name} with (force)`)));
      return within(anywhere, name);
    },
  };
}
