import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { layout } from '../../src/database/embedded/data-folder.js';
import {
  databaseUrl,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/database/embedded/embedded-postgres.js';
import { SOCKET_NUMBER } from '../../src/database/embedded/socket-folder.js';

/** A server that writes down every statement that it is sent. */
export interface WatchedServer {
  readonly url: string;
  sql<Row = any>(text: string): Promise<Row[]>;
  /** The statements that `work` makes it execute, each in one line. */
  during(work: () => Promise<unknown>): Promise<string[]>;
}

/** A primary with a streaming replica. */
export interface ReplicatedDatabase {
  readonly primary: WatchedServer;
  readonly replica: WatchedServer;
  stop(): Promise<void>;
}

/** What the tests themselves ask, which is no work of the service. */
const OWN = 'mooring-test';

/** Written before the statement is begun, so that of one which has been answered it is there. */
const WATCHED = {
  fsync: 'off',
  log_statement: 'all',
  log_min_error_statement: 'panic',
  log_line_prefix: '#%a#',
};

const STATEMENT = /^#([^#]*)#LOG: {2}(?:statement|execute [^:]*): (.*)$/s;

const statementsOf = (log: string): string[] =>
  log.split(/\n(?=#)/).flatMap((entry) => {
    const [, who, text = ''] = STATEMENT.exec(entry.trim()) ?? [];
    return who === 'mooring' ? [text.replace(/\s+/g, ' ')] : [];
  });

async function watch(
  server: EmbeddedPostgres,
  home: string,
): Promise<WatchedServer & { end(): Promise<void> }> {
  const url = databaseUrl(server);
  const client = new Client({ connectionString: url, application_name: OWN });
  await client.connect();
  const { log } = layout(home);
  return {
    url,
    sql: async (text) => (await client.query(text)).rows,
    async during(work) {
      const before = (await readFile(log)).length;
      await work();
      return statementsOf((await readFile(log)).subarray(before).toString());
    },
    async end() {
      await client.end();
      await server.stop();
    },
  };
}

const quiet = () => undefined;

const makeHome = (name: string) => mkdtemp(join(tmpdir(), `mooring-${name}-`));

const begin = (dataDir: string, settings = {}) =>
  startEmbeddedPostgres({ dataDir, log: quiet, settings: { ...WATCHED, ...settings } });

/** Two servers of their own, whatever server the rest of the run is on: the replica begins as a copy of the primary at rest. */
export async function startReplicated(): Promise<ReplicatedDatabase> {
  const homes = { primary: await makeHome('primary'), replica: await makeHome('replica') };
  await (await begin(homes.primary)).stop();
  await cp(layout(homes.primary).cluster, layout(homes.replica).cluster, { recursive: true });
  await writeFile(join(layout(homes.replica).cluster, 'standby.signal'), '');
  const primary = await begin(homes.primary);
  const conninfo = `host=${primary.host} port=${SOCKET_NUMBER} user=${primary.user}`;
  const replica = await begin(homes.replica, { primary_conninfo: conninfo });
  const watched = {
    primary: await watch(primary, homes.primary),
    replica: await watch(replica, homes.replica),
  };
  return {
    ...watched,
    async stop() {
      await watched.replica.end();
      await watched.primary.end();
      for (const home of Object.values(homes))
        await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
