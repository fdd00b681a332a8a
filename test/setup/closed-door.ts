import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { poolOf } from '../../src/database/data-source.js';
import type { TestApp } from './app.js';

const END_ALL = 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1';

/** Lets nobody into a database any more, and ends all who are in it: they end when they come to it. */
export async function closeDoor(admin: Client, name: string): Promise<void> {
  await admin.query(`alter database ${name} with allow_connections false`);
  while ((await admin.query(END_ALL, [name])).rows.length > 0) await sleep(10);
}

export const openDoor = (admin: Client, name: string): Promise<unknown> =>
  admin.query(`alter database ${name} with allow_connections true`);

/** While its database is away: none of the connections that were lost is handed out once that is back. */
export async function lostAreForgotten({ dataSource }: TestApp): Promise<void> {
  const pool = poolOf(dataSource);
  while (pool.idleCount > 0) await sleep(10);
}
