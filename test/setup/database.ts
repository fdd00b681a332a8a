import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { withDatabase } from './database-url.mjs';
import { dropDatabase, onceUnused } from './once-unused.mjs';

const { TEST_DATABASE_ADMIN_URL: adminUrl = '', TEST_DATABASE_TEMPLATE: template = '' } = process.env;

async function asAdmin(work: (admin: Client) => Promise<unknown>): Promise<void> {
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

/** Other workers may be cloning the template at this moment. */
const CREATE_TRIES = 100;

/** A fresh, migrated database for one test file, on the server of this run. */
export async function cloneDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `${template}_${randomBytes(4).toString('hex')}`;
  const create = `create database ${name} template ${template} strategy file_copy`;
  await asAdmin((admin) => onceUnused(() => admin.query(create), CREATE_TRIES));
  return {
    url: withDatabase(adminUrl, name),
    drop: () => asAdmin((admin) => dropDatabase(admin, name)),
  };
}
