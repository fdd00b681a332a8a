import { Client } from 'pg';
import { dropDatabase } from './once-unused.mjs';

async function dropDatabases(url, prefix) {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  const { rows } = await admin.query('select datname from pg_database where starts_with(datname, $1)', [
    prefix,
  ]);
  for (const { datname } of rows) await dropDatabase(admin, datname);
  await admin.end();
}

/** Drops the template and whatever clones the tests left, then stops the server if this run started it. */
export default async function tearDown() {
  const { url, template, stop } = globalThis.testServer;
  try {
    await dropDatabases(url, template);
  } finally {
    await stop();
  }
}
