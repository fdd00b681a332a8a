import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { maskLicenseKey, type RawLicenseKey } from '../../src/domain/license-key.js';
import { cloneDatabase } from '../setup/database.js';
import { startService, type ServiceProcess } from '../setup/service-process.js';
import { until } from '../setup/until.js';

/** More of them to see that it is the same: `IMPORT_ROWS=1000000`. */
const ROWS = Number(process.env.IMPORT_ROWS ?? 100_000);
const ADMIN_KEY = `mk_${'b'.repeat(48)}`;

let database: Awaited<ReturnType<typeof cloneDatabase>>;
let folder: string;
let service: ServiceProcess;
let client: Client;
beforeAll(async () => {
  database = await cloneDatabase();
  folder = await mkdtemp(join(tmpdir(), 'mooring-import-'));
  service = await startService({
    DATABASE_URL: database.url,
    DATA_DIR: folder,
    MASTER_KEY: randomBytes(32).toString('base64'),
    MOORING_ADMIN_KEY: ADMIN_KEY,
    LIMIT_ADMIN_PER_MINUTE: '10000',
    LOG_LEVEL: 'error',
  });
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await service.stop();
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const headers = { 'x-admin-key': ADMIN_KEY };

async function admin(method: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${service.url}/api/v1/admin${path}`, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** The most memory that the process has ever held, in MiB. */
async function peakMemory(): Promise<number> {
  const status = await readFile(`/proc/${service.child.pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

const id = (i: number) => `0195f3c2-0000-7000-8000-${i.toString(16).padStart(12, '0')}`;
const key = (i: number) => `LEGACY-${i.toString(36).toUpperCase().padStart(8, '0')}`;

/** What is the same in the file that goes in and in the one that comes out. */
const rest = (i: number) =>
  `panel,pro,,active,,${(i % 9) + 1},2030-01-01T00:00:00.000Z,,1.2.0,"{""accounts"":${i}}","[""sso""]",` +
  `"{""note"":""a, b""}",2026-03-01T12:00:00.000Z\n`;
const COLUMNS =
  'product,policy,customer_id,status,status_reason,max_activations,expires_at,updates_until,minimum_version,limits,' +
  'features,metadata,created_at\n';

function* file(ownName: string, own: (i: number) => string): Generator<string> {
  yield `id,${ownName},${COLUMNS}`;
  for (let from = 0; from < ROWS; from += 1_000) {
    let chunk = '';
    for (let i = from; i < Math.min(from + 1_000, ROWS); i++) chunk += `${id(i)},${own(i)},${rest(i)}`;
    yield chunk;
  }
}

async function send(): Promise<{ status: number; body: any }> {
  const request = httpRequest(`${service.url}/api/v1/admin/import/licenses`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'text/csv' },
  });
  const answered = once(request, 'response');
  await pipeline(Readable.from(file('key', key)), request);
  const [response] = await answered;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) };
}

const listed = async () => {
  const { status, body } = await fetch(`${service.url}/api/v1/admin/products`, { headers });
  await body?.cancel();
  return status;
};

/** On a slow machine an import of this size is an overload, and files are what is refused first then, for some seconds. */
const untilCalm = () => until(listed, (status) => status !== 503);

it(`${ROWS} licenses go in and come out byte for byte, in memory that does not grow with the file`, async () => {
  await admin('POST', '/products', { code: 'panel', name: 'Panel' });
  await admin('POST', '/policies', { code: 'pro', name: 'Pro' });
  const before = await peakMemory();

  const begun = Date.now();
  const { status, body } = await send();
  expect([status, body]).toEqual([
    201,
    { success: true, data: { rows: ROWS, imported: ROWS, errors_total: 0, errors: [], dry_run: false } },
  ]);
  const imported = await peakMemory();
  const importSeconds = (Date.now() - begun) / 1_000;
  const { rows } = await client.query('select count(*)::int as n from license_keys');
  expect(rows).toEqual([{ n: ROWS }]);

  await untilCalm();
  const exportBegun = Date.now();
  const response = await fetch(`${service.url}/api/v1/admin/export/licenses`, { headers });
  expect(response.status).toBe(200);
  // Held against what is expected chunk by chunk: the file is as large as it likes.
  let [got, bytes] = ['', 0];
  const expected = file('key_hint', (i) => maskLicenseKey(key(i) as RawLicenseKey));
  let wanted = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    got += decoder.decode(chunk, { stream: true });
    while (wanted.length < got.length) {
      const next = expected.next();
      if (next.done) break;
      wanted += next.value;
    }
    const common = Math.min(wanted.length, got.length);
    expect(got.slice(0, common) === wanted.slice(0, common)).toBe(true);
    [got, wanted] = [got.slice(common), wanted.slice(common)];
  }
  expect([got, wanted, expected.next().done]).toEqual(['', '', true]);
  const exported = await peakMemory();
  const exportSeconds = (Date.now() - exportBegun) / 1_000;

  console.log(
    `${ROWS} licenses (${Math.round(bytes / 1_048_576)} MiB): in ${importSeconds.toFixed(1)} s, out ${exportSeconds.toFixed(1)} s; ` +
      `peak memory ${before} MiB before, ${imported} MiB after the import, ${exported} MiB after the export`,
  );
  // A heap that is collected when it pleases; a million rows take no more than this either, which held as rows are gigabytes.
  expect(exported - before).toBeLessThan(400);
}, 600_000);

const count = async () =>
  (await client.query('select (select count(*) from licenses)::int as n')).rows[0].n as number;

const copying = () =>
  client.query(
    "select 1 from pg_stat_activity where datname = current_database() and query like 'copy import_licenses%' and state = 'active'",
  );

it('a service that is asked to stop lets go of a file on its way, and nothing of it is left', async () => {
  const before = await count();
  await untilCalm();
  const request = httpRequest(`${service.url}/api/v1/admin/import/licenses`, {
    method: 'POST',
    agent: false,
    headers: { ...headers, 'content-type': 'text/csv' },
  }).on('error', () => undefined);
  request.write('key,product,policy\nSTOPPED-1,panel,pro\nSTOPPED-2,panel');
  while ((await copying()).rowCount === 0) await sleep(25);
  expect(await service.stop()).toBe(0);
  expect(await count()).toBe(before);
  expect(service.output()).not.toContain('"level":50');
});
