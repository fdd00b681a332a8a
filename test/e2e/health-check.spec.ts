import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { selfSigned } from '../setup/certificate.js';
import { cloneDatabase } from '../setup/database.js';
import { startService } from '../setup/service-process.js';
import { until } from '../setup/until.js';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const HEALTH_CHECK = fileURLToPath(new URL('../../dist/health-check.js', import.meta.url));

let folder: string;
let database: { url: string; drop(): Promise<void> };
let settings: Record<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-health-'));
  database = await cloneDatabase();
  settings = {
    DATABASE_URL: database.url,
    MASTER_KEY: randomBytes(32).toString('base64'),
    DATA_DIR: folder,
    LOG_LEVEL: 'fatal',
  };
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function check(env: Record<string, string>): Promise<{ code: number; complaint: string }> {
  const child = spawn(process.execPath, [HEALTH_CHECK], { cwd: folder, env });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code, complaint };
}

/** What a machine that stands still for a moment makes of a service in order: late, or no database in time. */
const PASSING = /^Not ready: (No answer in|\S+ answers 503)/;

/** Checks again after such a moment, as whoever runs a container does. */
const checkInPeace = (env: Record<string, string>): ReturnType<typeof check> =>
  until(
    () => check(env),
    ({ complaint }) => !PASSING.test(complaint),
  );

async function certificate(): Promise<Record<string, string>> {
  const { key, cert } = selfSigned('licenses.example', new Date());
  const [TLS_KEY_FILE, TLS_CERT_FILE] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await writeFile(TLS_KEY_FILE, key);
  await writeFile(TLS_CERT_FILE, cert);
  return { TLS_KEY_FILE, TLS_CERT_FILE };
}

describe('the health check of a container', () => {
  it.each([
    ['HTTP', async () => ({})],
    ['HTTPS with a certificate of its own', certificate],
  ])('finds a service ready that speaks %s, and not when it is gone', async (_, more) => {
    const env = { ...settings, ...(await more()) };
    const service = await startService(env);
    const same = { ...env, HOST: '0.0.0.0', PORT: new URL(service.url).port };
    expect(await checkInPeace(same)).toEqual({ code: 0, complaint: '' });
    await service.stop();
    const gone = await check(same);
    expect([gone.code, gone.complaint]).toEqual([1, expect.stringMatching(/^Not ready: .*ECONNREFUSED/)]);
  });

  it.each(['Dockerfile', 'docker-compose.yml'])('is the one that %s names', (file) => {
    const spelled = read(file).replaceAll('"', "'");
    expect(spelled).toMatch(/(CMD \[|'CMD', )'node', 'dist\/health-check\.js'\]/);
  });
});
