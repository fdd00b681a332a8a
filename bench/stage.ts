import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { Pool } from 'pg';
import { createDataSource, migrate, openKeys, poolOf, SystemClock } from './built.ts';
import type { Closing } from './closing.ts';
import type { Databases } from './databases.ts';
import { recordActivation } from './limits/activation.ts';
import { startCat } from './limits/cat.ts';
import { startNginx } from './limits/nginx.ts';
import { findPgbench, type Pgbench } from './limits/pgbench.ts';
import { startGenerator, type Generator } from './load/generator.ts';
import { progressLine } from './progress.ts';
import { seed } from './seed.ts';
import { filesFolder, seedFiles } from './seed-files.ts';
import { startServer, startService, type Server } from './server.ts';

/** A data set, and all that is measured on it. */
export interface Stage {
  readonly licenses: number;
  readonly seedSeconds: number;
  readonly pool: Pool;
  readonly generator: Generator;
  readonly service: Server;
  readonly pgbench: Pgbench | null;
  /** Those that are asked over HTTP; null where they are not there or not needed. */
  readonly servers: Readonly<Record<'bare Fastify + pg' | 'nginx' | 'cat', { readonly url: string } | null>>;
}

const POOL_SIZE = '20';

/** As shipped, but for the limits: they count as ever, and let through what no single address would be. */
const LIMIT = '100000000';

const LIMITS = {
  LIMIT_LICENSE_PER_MINUTE: LIMIT,
  LIMIT_ADDRESS_PER_MINUTE: LIMIT,
  LIMIT_UNKNOWN_KEYS_PER_MINUTE: LIMIT,
  LIMIT_ADMIN_PER_MINUTE: LIMIT,
};

interface Plan {
  readonly licenses: number;
  /** Whether files are downloaded: a gibibyte is written for that. */
  readonly files: boolean;
  readonly folder: string;
  readonly databases: Databases;
}

/** Creates and fills the database in its own words: the service's migrations, keys and hashes. */
async function build(
  url: string,
  dataDir: string,
  masterKey: string,
  { licenses, files }: Plan,
): Promise<number> {
  await migrate(url);
  const dataSource = await createDataSource({ url, poolSize: 2, isPatient: true }).initialize();
  const client = await poolOf(dataSource).connect();
  try {
    const keys = await openKeys(
      { masterKey, dataDir, issuer: 'http://localhost' },
      { dataSource, clock: new SystemClock() },
    );
    const line = progressLine(`Selling ${licenses.toLocaleString('en')} licenses`, licenses);
    await seed(client, keys, { count: licenses, progress: line.at });
    if (files) await seedFiles(client, { dataDir, pepper: keys.pepper });
    return line.end();
  } finally {
    client.release();
    await dataSource.destroy();
  }
}

/** The servers of plain files: nginx, or what stands in for it. */
async function startFileServers(folder: string, dataDir: string, closing: Closing) {
  const root = filesFolder(dataDir);
  const nginx = await startNginx(folder, root);
  const cat = nginx === null ? await startCat(root) : null;
  for (const server of [nginx, cat]) if (server !== null) closing.later(() => server.stop());
  return { nginx, cat };
}

export async function setStage(plan: Plan, closing: Closing): Promise<Stage> {
  const { licenses, folder, databases } = plan;
  const url = await databases.create(closing);
  const masterKey = randomBytes(32).toString('base64');
  const adminKey = `mk_${randomBytes(24).toString('hex')}`;
  const dataDir = join(folder, `service-${licenses}`);
  await mkdir(dataDir, { recursive: true });
  const seedSeconds = await build(url, dataDir, masterKey, plan);

  const pool = new Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  closing.later(() => pool.end());
  const pgbench = await findPgbench({ url, folder, licenses, recorded: await recordActivation(pool) });
  const bare = await startServer(new URL('limits/bare/server.ts', import.meta.url), {
    env: { DATABASE_URL: url, POOL_SIZE },
    log: join(folder, 'bare.log'),
  });
  closing.later(() => bare.stop());
  const service = await startService({
    env: {
      DATABASE_URL: url,
      DATA_DIR: dataDir,
      DATABASE_POOL_SIZE: POOL_SIZE,
      MASTER_KEY: masterKey,
      MOORING_ADMIN_KEY: adminKey,
      PORT: '0',
      HOST: '127.0.0.1',
      PUBLIC_URL: 'http://localhost',
      ...LIMITS,
    },
    log: join(folder, 'service.log'),
  });
  closing.later(() => service.stop());
  const generator = startGenerator({ databaseUrl: url, masterKey, adminKey, licenses });
  closing.later(() => generator.stop());
  const fileServers = plan.files
    ? await startFileServers(folder, dataDir, closing)
    : { nginx: null, cat: null };
  const servers = { 'bare Fastify + pg': bare, ...fileServers };
  return { licenses, seedSeconds, pool, generator, service, pgbench, servers };
}
