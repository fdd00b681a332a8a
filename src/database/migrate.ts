import type { DataSource } from 'typeorm';
import { StartupError } from '../startup-error.js';
import { createDataSource } from './data-source.js';

const OLDEST_SERVER = 150_000;
const MIGRATION_LOCK = 7_066_830_571;

/** Brings the schema up to date under an advisory lock, so that nodes that start together migrate once. */
export async function migrateSchema(dataSource: DataSource): Promise<void> {
  const lock = dataSource.createQueryRunner();
  try {
    const [server] = (await lock.query('show server_version_num')) as { server_version_num: string }[];
    if (Number(server?.server_version_num) < OLDEST_SERVER) {
      throw new StartupError('DATABASE_URL names a PostgreSQL older than 15; Mooring needs 15 or newer.');
    }
    // Waiting for another node's migration may take longer than a request ever should.
    await lock.query('set statement_timeout = 0');
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations();
  } finally {
    await lock.query('select pg_advisory_unlock_all()').catch(() => undefined);
    await lock.query('reset statement_timeout').catch(() => undefined);
    await lock.release();
  }
}

/** Migrates the database at `url` with a connection of its own. */
export async function migrate(url: string): Promise<void> {
  const dataSource = await createDataSource({ url, poolSize: 2 }).initialize();
  try {
    await migrateSchema(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
