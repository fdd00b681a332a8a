import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { auditMacOf, authenticateAudit } from './audit-mac.js';
import { ENTITIES } from './entities/index.js';
import { ImpatientClient } from './impatient-client.js';
import { migrations } from './migrations.js';
import { JoiningDataSource } from './unit-of-work.js';

export interface DatabaseOptions {
  /** A libpq URL; a socket is named by `?host=/folder`. */
  readonly url: string;
  readonly poolSize?: number;
  /** How long a connection may be waited for: one that is opened, or one that others give back. */
  readonly connectWithinMs?: number;
  /** For statements that may take as long as they need; no request should. */
  readonly isPatient?: boolean;
}

const TIMEOUTS = {
  statement_timeout: 15_000,
  // The server's own can't fire when it is the server, or the line to it, that is stuck.
  query_timeout: 18_000,
  idle_in_transaction_session_timeout: 30_000,
};

/** The one way to the database, not yet connected. Timeouts keep a stuck database from holding requests for ever. */
export function createDataSource({
  url,
  poolSize = 20,
  connectWithinMs = 5_000,
  isPatient = false,
}: DatabaseOptions): DataSource {
  return new JoiningDataSource({
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
      connectionTimeoutMillis: connectWithinMs,
      ...(!isPatient && TIMEOUTS),
      keepAlive: true,
      Client: ImpatientClient,
    },
  });
}

/** The pg pool behind TypeORM: the phone-home statement goes there directly. */
export function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as PostgresDriver).master as Pool;
}

/** Another pool on the same database, for transactions that may take as long as they need. Not yet connected. */
export function patientTwin(dataSource: DataSource, poolSize: number): DataSource {
  const { connectionString } = (dataSource.driver as PostgresDriver).options.extra as {
    readonly connectionString: string;
  };
  const twin = createDataSource({ url: connectionString, poolSize, isPatient: true });
  authenticateAudit(twin, auditMacOf(dataSource));
  return twin;
}
