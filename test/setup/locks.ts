import { setTimeout as sleep } from 'node:timers/promises';

interface Asks {
  sql(text: string): Promise<unknown[]>;
}

const WAITING = `select 1 from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'`;

/**
 * As soon as that many transactions of the database wait for a lock. Those of the server's other databases don't count:
 * other tests run there.
 */
export async function untilLockWaits(database: Asks, count = 1): Promise<void> {
  while ((await database.sql(WAITING)).length < count) {
    await sleep(10);
    // A transaction that asks again would see only who was connected when it first asked.
    await database.sql('select pg_stat_clear_snapshot()');
  }
}
