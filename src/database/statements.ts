import type { Pool, PoolClient, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import { joinedClient } from './unit-of-work.js';

/** A statement that PostgreSQL parses once a connection and then only binds. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** One that lists or adds up, and whose answer may come from a replica of the database: no verdict and no change is based on it. */
export interface ListStatement extends Statement {
  readonly isForLists: true;
}

export interface StatementResult<Row> {
  readonly rows: Row[];
  readonly rowCount: number;
}

/** Where a statement runs: on any connection of the pool, or on the one that holds the transaction. */
export type Run = <Row extends QueryResultRow>(
  statement: Statement,
  values: unknown[],
) => Promise<StatementResult<Row>>;

/** Where statements of lists run, and no others. Any `Run` will do; it is not one itself, for it may be a replica. */
export type ListRun = <Row extends QueryResultRow>(
  statement: ListStatement,
  values: unknown[],
) => Promise<StatementResult<Row>>;

/**
 * `unnest` of parameters, each with its type, whose lengths the planner does not look at. It would take a plan for the few
 * rows of this call for cheaper than the one for any rows, and so make one at every call, which costs more than the rows.
 */
export const unnestUnseen = (...parameters: readonly string[]): string =>
  `unnest(${parameters.map((parameter) => `(select ${parameter})`).join(', ')})`;

const runOn =
  (client: Pool | PoolClient): Run =>
  async (statement, values) => {
    const { rows, rowCount } = await client.query({ name: statement.name, text: statement.text, values });
    return { rows, rowCount: rowCount ?? 0 };
  };

/**
 * For statements that are whole in themselves: one round trip, no transaction. In a unit of work they run on its
 * connection, for elsewhere they would not see what it has written.
 */
export const onPool =
  (pool: Pool): Run =>
  (statement, values) =>
    runOn(joinedClient() ?? pool)(statement, values);

/** On this connection, for lists. */
export const listsOn = (client: PoolClient): ListRun => runOn(client);

/** On the connection of a TypeORM transaction: a statement elsewhere would not see its changes or hold its locks. */
export async function inTransaction(manager: EntityManager): Promise<Run> {
  if (!manager.queryRunner?.isTransactionActive) throw new Error('No transaction is open');
  return runOn((await manager.queryRunner.connect()) as PoolClient);
}
