import { Client } from 'pg';

/** A statement as it went to the database. */
export interface RanStatement {
  /** Of those that are prepared once a connection; null for those that TypeORM writes. */
  readonly name: string | null;
  readonly text: string;
  readonly values: readonly unknown[];
}

const READS_OR_WRITES = /^\s*(select|insert|update|delete|with|declare)\b/i;

let heard: RanStatement[] | null = null;

function note(asked: unknown, values: unknown): void {
  const {
    name,
    text,
    values: own,
  } = typeof asked === 'string' ? { name: null, text: asked, values } : (asked as Record<string, unknown>);
  if (typeof text !== 'string' || !READS_OR_WRITES.test(text)) return;
  heard?.push({ name: (name as string | undefined) ?? null, text, values: (own ?? []) as unknown[] });
}

/**
 * From now on hears every statement of this process. To be called before the first connection is made. What is looked at
 * is what the service runs, and so no statement can drift from its test.
 */
export function hearStatements(): void {
  const query: (...given: unknown[]) => unknown = Client.prototype.query;
  function hearing(this: Client, ...given: unknown[]): unknown {
    note(given[0], given[1]);
    return query.apply(this, given);
  }
  Object.assign(Client.prototype, { query: hearing });
}

/** The statements that ran while `work` did, each text once, with the values that it was given last. */
export async function statementsOf(work: () => Promise<unknown>): Promise<RanStatement[]> {
  heard = [];
  try {
    await work();
    return [...new Map(heard.map((statement) => [statement.text, statement])).values()];
  } finally {
    heard = null;
  }
}
