import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createDataSource,
  databaseUrl,
  migrate,
  openKeys,
  startEmbeddedPostgres,
  SystemClock,
} from './built.ts';
import { measure, warmUp, type Call, type Measured } from './measure.ts';
import { seed, type Sold } from './seed.ts';
import { startServer, type Server } from './server.ts';

const HELP = `Usage: npm run bench -- [options]

Measures the phone-home and the activation against bare Fastify + pg executing the same
statements, on one embedded PostgreSQL, one server process each, one after the other.

  --licenses N      licenses with a seat each             (100000)
  --seconds N       length of each measurement            (8)
  --connections N   connections kept busy                 (64)
  --help`;

const { values } = parseArgs({
  options: {
    licenses: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '64' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const [licenses, seconds, connections] = [values.licenses, values.seconds, values.connections].map(Number);
const POOL_SIZE = 20;

const body = (one: Sold, more: object = {}) => ({
  license_key: one.key,
  hardware_id: one.hardwareId,
  version: '1.0.0',
  ...more,
});
const bare = (one: Sold) => ({ key_hash: one.keyHash, hardware_id: one.hardwareId, version: '1.0.0' });

const newMachine = (one: Sold): Sold => ({ ...one, hardwareId: randomBytes(32).toString('hex') });

interface Side {
  readonly server: Server;
  readonly call: Call;
}

/** What is measured, and how old the leases are that it meets; a server of bare Fastify + pg is the limit of those after it. */
interface Scenario extends Side {
  readonly name: string;
  readonly age: string;
}

const rows: string[][] = [['', 'requests/s', 'p50 ms', 'p99 ms', 'memory MB', 'of the limit']];
const row = (name: string, m: Measured, limit = m) =>
  rows.push([
    name,
    m.requestsPerSecond.toFixed(0),
    m.p50.toFixed(1),
    m.p99.toFixed(1),
    m.memoryMb.toFixed(0),
    (m.requestsPerSecond / limit.requestsPerSecond).toFixed(2),
  ]);

const folder = await mkdtemp(join(tmpdir(), 'mooring-bench-'));
console.log('Starting PostgreSQL …');
const postgres = await startEmbeddedPostgres({ dataDir: folder, log: () => undefined });
const servers: Server[] = [];
try {
  const url = databaseUrl(postgres);
  await migrate(url);
  const dataSource = await createDataSource({ url, poolSize: 4 }).initialize();
  const masterKey = randomBytes(32).toString('base64');
  const keys = await openKeys(
    { masterKey, dataDir: folder, issuer: 'http://localhost' },
    { dataSource, clock: new SystemClock() },
  );
  console.log(`Selling ${licenses} licenses …`);
  const sold = await seed(dataSource, keys, licenses ?? 0);

  const limit = await startServer(new URL('floor.ts', import.meta.url), {
    DATABASE_URL: url,
    POOL_SIZE: `${POOL_SIZE}`,
  });
  const service = await startServer(new URL('../dist/main.js', import.meta.url), {
    DATABASE_URL: url,
    DATA_DIR: folder,
    DATABASE_POOL_SIZE: `${POOL_SIZE}`,
    MASTER_KEY: masterKey,
    PORT: '0',
    HOST: '127.0.0.1',
    LIMIT_LICENSE_PER_MINUTE: '1000000',
    LIMIT_ADDRESS_PER_MINUTE: '1000000',
    PUBLIC_URL: 'http://localhost',
  });
  servers.push(limit, service);

  let next = 0;
  const inTurn = () => sold[next++ % sold.length] as Sold;
  const onService = (action: string, make: () => object): Side => ({
    server: service,
    call: { path: `/api/v1/license/${action}`, body: make },
  });
  const onLimit = (action: string, make: () => object): Side => ({
    server: limit,
    call: { path: `/${action}`, body: make },
  });
  const validate = () => body(inTurn());
  const activate = () => body(newMachine(inTurn()));
  const bareValidate = onLimit('validate', () => bare(inTurn()));
  const bareActivate = onLimit('activate', () => bare(newMachine(inTurn())));
  const aged = (age: string) =>
    dataSource.query('update activations set lease_issued_at = now() - $1::interval', [age]);
  const scenarios: Scenario[] = [
    { name: 'validate: bare Fastify + pg', ...bareValidate, age: '1 day' },
    { name: 'validate: lease renewed', ...onService('validate', validate), age: '1 day' },
    { name: 'validate: lease fresh', ...onService('validate', validate), age: '0' },
    {
      name: 'validate: lease fresh, with proof',
      ...onService('validate', () => ({ ...validate(), nonce: 'n-0123456789abcdef' })),
      age: '0',
    },
    { name: 'activate: bare Fastify + pg', ...bareActivate, age: '0' },
    { name: 'activate', ...onService('activate', activate), age: '0' },
  ];

  console.log('Warming up …');
  for (const { server, call } of scenarios) await warmUp(server, call, connections ?? 0);
  let floor: Measured | undefined;
  for (const { name, server, call, age } of scenarios) {
    // Every measurement begins with the same pages: clean, and written down.
    await aged(age);
    await dataSource.query('vacuum analyze');
    await dataSource.query('checkpoint');
    console.log(`Measuring ${name} …`);
    const measured = await measure(server, call, { seconds: seconds ?? 0, connections: connections ?? 0 });
    if (server === limit) floor = measured;
    row(name, measured, floor);
  }
  await dataSource.destroy();
} finally {
  for (const server of servers) await server.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

const widths =
  rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? [];
console.log(`\n${licenses} licenses, ${connections} connections, ${seconds} s each\n`);
for (const cells of rows) {
  console.log(
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  '),
  );
}
