import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { withDatabase } from './database-url.mjs';

const TEMPLATE_IN_USE = '55006';
const TRIES = 100;

const { TEST_DATABASE_ADMIN_URL: adminUrl = '', TEST_DATABASE_TEMPLATE: template = '' } = process.env;

async function asAdmin(statement: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function create(name: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await asAdmin(`create database ${name} template ${template} strategy file_copy`);
    } catch (error) {
      // Another worker is cloning it at this moment.
      const isBusy = error instanceof DatabaseError && error.code === TEMPLATE_IN_USE;
      if (!isBusy || tries === TRIES) throw error;
      await sleep(100);
    }
  }
}

/** A fresh, migrated database for one test file, on the server of this run. */
export async function cloneDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `${template}_${randomBytes(4).toString('hex')}`;
  await create(name);
  return {
    url: withDatabase(adminUrl, name),
    drop: () => asAdmin(`drop database if exists ${name} with (force)`),
  };
}
