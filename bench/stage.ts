import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { Pool } from 'pg';
import { createDataSource, migrate, openKeys, poolOf, SystemClock } from './built.ts';
import type { Closing } from './closing.ts';
import type { Databases } from './databases.ts';
import { recordActivation } from './limits/activation.ts';
import { findPgbench, type Pgbench } from './limits/pgbench.ts';
import { startGenerator, type Generator } from './load/generator.ts';
import { progressLine } from './progress.ts';
import { seed } from './seed.ts';
import { startServer, type Server } from './server.ts';

/** A data set, and all that is measured on it. */
export interface Stage {
  readonly licenses: number;
  readonly seedSeconds: number;
  readonly pool: Pool;
  readonly generator: Generator;
  readonly service: Server;
  readonly bare: Server;
  readonly pgbench: Pgbench | null;
}

const POOL_SIZE = '20';

/** As shipped, but for the limits: they count as ever, and let through what no single address would be. */
const LIMIT = '1000000';

const LIMITS = {
  LIMIT_LICENSE_PER_MINUTE: LIMIT,
  LIMIT_ADDRESS_PER_MINUTE: LIMIT,
  LIMIT_UNKNOWN_KEYS_PER_MINUTE: LIMIT,
  LIMIT_ADMIN_PER_MINUTE: LIMIT,
};

/** Creates and fills the database in its own words: the service's migrations, keys and hashes. */
async function build(
  url: string,
  folder: string,
  { licenses, masterKey }: { licenses: number; masterKey: string },
) {
  await migrate(url);
  const dataSource = await createDataSource({ url, poolSize: 2, isPatient: true }).initialize();
  try {
    const keys = await openKeys(
      { masterKey, dataDir: folder, issuer: 'http://localhost' },
      { dataSource, clock: new SystemClock() },
    );
    const line = progressLine(`Selling ${licenses.toLocaleString('en')} licenses`, licenses);
    const client = await poolOf(dataSource).connect();
    try {
      await seed(client, keys, { count: licenses, progress: line.at });
    } finally {
      client.release();
    }
    return line.end();
  } finally {
    await dataSource.destroy();
  }
}

export async function setStage(
  { licenses, folder, databases }: { licenses: number; folder: string; databases: Databases },
  closing: Closing,
): Promise<Stage> {
  const url = await databases.create(closing);
  const masterKey = randomBytes(32).toString('base64');
  const dataDir = join(folder, `service-${licenses}`);
  await mkdir(dataDir, { recursive: true });
  const seedSeconds = await build(url, dataDir, { licenses, masterKey });

  const pool = new Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  closing.later(() => pool.end());
  const pgbench = await findPgbench({ url, folder, licenses, recorded: await recordActivation(pool) });
  const start = async (name: string, script: string, env: Record<string, string>) => {
    const server = await startServer(new URL(script, import.meta.url), {
      env: { DATABASE_URL: url, ...env },
      log: join(folder, `${name}.log`),
    });
    closing.later(() => server.stop());
    return server;
  };
  const bare = await start('bare', 'limits/floor.ts', { POOL_SIZE });
  const service = await start('service', '../dist/main.js', {
    DATA_DIR: dataDir,
    DATABASE_POOL_SIZE: POOL_SIZE,
    MASTER_KEY: masterKey,
    PORT: '0',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://localhost',
    ...LIMITS,
  });
  const generator = startGenerator({ databaseUrl: url, masterKey, licenses });
  closing.later(() => generator.stop());
  return { licenses, seedSeconds, pool, generator, service, bare, pgbench };
}
