import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { withDatabase } from './database-url.mjs';
import tearDown from './global-teardown.mjs';

/** Tests lose nothing when the machine crashes, and several services share one server. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

const dist = (path) => new URL(`../../dist/${path}`, import.meta.url);

async function startServer() {
  const { databaseUrl, startEmbeddedPostgres } = await import(dist('database/embedded/embedded-postgres.js'));
  const dataDir = await mkdtemp(join(tmpdir(), 'mooring-test-'));
  // After a stop by force its processes may write a little longer.
  const remove = () => rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  try {
    const server = await startEmbeddedPostgres({ dataDir, settings: FAST, log: () => undefined });
    const stop = async () => {
      await server.stop();
      await remove();
    };
    return { url: databaseUrl({ ...server, database: 'postgres' }), stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** One server for the whole run, an embedded one unless DATABASE_URL names another, and a migrated template in it. */
export default async function setUp() {
  if (!existsSync(dist('database/migrate.js')))
    throw new Error('dist is missing: run `npm run build` first.');
  const { migrate } = await import(dist('database/migrate.js'));
  const given = process.env.DATABASE_URL;
  const server = given ? { url: given, stop: async () => undefined } : await startServer();
  const template = `mooring_test_${randomBytes(4).toString('hex')}`;
  // The workers inherit the environment; the tear-down runs in this very process.
  globalThis.testServer = { ...server, template };
  process.env.TEST_DATABASE_ADMIN_URL = server.url;
  process.env.TEST_DATABASE_TEMPLATE = template;
  try {
    const admin = new Client({ connectionString: server.url });
    await admin.connect();
    await admin.query(`create database ${template}`);
    await admin.end();
    await migrate(withDatabase(server.url, template));
  } catch (error) {
    // Jest tears down only what was set up.
    await tearDown();
    throw error;
  }
}
