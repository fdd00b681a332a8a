import type { DataSource } from 'typeorm';
import { StartupError } from '../startup-error.js';
import { createDataSource } from './data-source.js';

const OLDEST_SERVER = 150_000;
const MIGRATION_LOCK = 7_066_830_571;

/** Under an advisory lock, so that nodes that start together migrate once. */
async function migrateSchema(dataSource: DataSource): Promise<void> {
  const lock = dataSource.createQueryRunner();
  try {
    const [server] = (await lock.query('show server_version_num')) as { server_version_num: string }[];
    if (Number(server?.server_version_num) < OLDEST_SERVER) {
      throw new StartupError('DATABASE_URL names a PostgreSQL older than 15; Mooring needs 15 or newer.');
    }
    // The server may have a default for this user.
    await lock.query('set statement_timeout = 0');
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations();
  } finally {
    await lock.query('select pg_advisory_unlock_all()').catch(() => undefined);
    await lock.release();
  }
}

/**
 * Brings the schema of the database at `url` up to date. On connections of its own: a migration, and the wait for
 * another node's, may take longer than a request ever should.
 */
export async function migrate(url: string): Promise<void> {
  const dataSource = await createDataSource({ url, poolSize: 2, isPatient: true }).initialize();
  try {
    await migrateSchema(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
