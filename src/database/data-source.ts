import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { ENTITIES } from './entities/index.js';
import { migrations } from './migrations.js';

export interface DatabaseOptions {
  /** A libpq URL; a socket is named by `?host=/folder`. */
  readonly url: string;
  readonly poolSize?: number;
}

/** The one way to the database, not yet connected. Timeouts keep a stuck database from holding requests for ever. */
export function createDataSource({ url, poolSize = 20 }: DatabaseOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    entities: ENTITIES,
    migrations,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    applicationName: 'mooring',
    poolSize,
    extra: {
      connectionString: url,
      connectionTimeoutMillis: 5_000,
      statement_timeout: 15_000,
      idle_in_transaction_session_timeout: 30_000,
      keepAlive: true,
    },
  });
}

/** The pg pool behind TypeORM: the phone-home statement goes there directly. */
export function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as PostgresDriver).master as Pool;
}
