import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { hardwareId, panelBody } from '../setup/app.js';
import { selfSigned } from '../setup/certificate.js';
import { cloneDatabase } from '../setup/database.js';
import { untilLockWaits } from '../setup/locks.js';
import { startService, type ServiceProcess } from '../setup/service-process.js';

const adminKey = `mk_${randomBytes(24).toString('hex')}`;

let folder: string;
let database: { url: string; drop(): Promise<void> };
let remote: Record<string, string>;
const started: ServiceProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring dist '));
  database = await cloneDatabase();
  remote = {
    DATABASE_URL: database.url,
    MASTER_KEY: randomBytes(32).toString('base64'),
    MOORING_ADMIN_KEY: adminKey,
    DATA_DIR: join(folder, 'remote'),
    LOG_LEVEL: 'fatal',
  };
});
afterAll(async () => {
  await Promise.all(started.map((service) => service.stop()));
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function start(settings: Record<string, string>): Promise<ServiceProcess> {
  const service = await startService(settings, folder);
  started.push(service);
  return service;
}

async function call(service: ServiceProcess, method: string, path: string, body?: unknown, key = adminKey) {
  const response = await fetch(service.url + path, {
    method,
    headers: {
      ...(path.includes('/admin/') && { 'x-admin-key': key }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, body: isJson ? JSON.parse(answer) : answer };
}

async function kill(service: ServiceProcess): Promise<void> {
  const exited = once(service.child, 'exit');
  service.child.kill('SIGKILL');
  await exited;
}

/** As soon as it listens no more. */
async function untilItRefuses({ url }: ServiceProcess): Promise<void> {
  const isServed = () =>
    fetch(`${url}/health/live`).then(
      () => true,
      () => false,
    );
  while (await isServed()) await sleep(100);
}

describe('the built service', () => {
  it('serves, tells how it is, and documents itself', async () => {
    const service = await start(remote);
    while ((await call(service, 'GET', '/health/ready')).status !== 200) await sleep(100);
    const { body } = await call(service, 'GET', '/api/v1/openapi.json');
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/license/validate',
        '/api/v1/download/token',
        '/api/v1/admin/licenses',
      ]),
    );
    const docs = await call(service, 'GET', '/docs');
    expect([docs.status, docs.body]).toEqual([200, expect.stringContaining('<html')]);
    expect((await call(service, 'GET', '/.well-known/jwks.json')).body.keys).toHaveLength(1);
    expect(await service.stop()).toBe(0);
  });

  it('goes on after kill -9 with what it has answered', async () => {
    const first = await start(remote);
    const product = await call(first, 'POST', '/api/v1/admin/products', { code: 'kept', name: 'Kept' });
    expect(product.status).toBe(201);
    await kill(first);
    const second = await start(remote);
    const again = await call(second, 'GET', `/api/v1/admin/products/${product.body.data.id}`);
    expect(again.body).toEqual(product.body);
    expect(await second.stop()).toBe(0);
  });

  it('answers on SIGTERM what is under way, cuts what stalls, and ends with 0 within ten seconds', async () => {
    const service = await start(remote);
    const { port } = new URL(service.url);
    const blocker = new Client({ connectionString: database.url });
    await blocker.connect();
    await blocker.query('begin; lock table products in access exclusive mode');
    const slow = call(service, 'POST', '/api/v1/admin/products', { code: 'slow', name: 'Slow' });
    const stalled = connect(Number(port), '127.0.0.1');
    stalled.write(
      `POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`,
    );
    const idle = connect(Number(port), '127.0.0.1');
    await Promise.all([once(stalled, 'connect'), once(idle, 'connect')]);
    await untilLockWaits({ sql: async (statement) => (await blocker.query(statement)).rows });

    // A service that has not ended by itself within ten seconds ends with 1.
    const stopped = service.stop();
    await untilItRefuses(service);
    await blocker.query('commit');
    expect((await slow).status).toBe(201);
    expect(await stopped).toBe(0);
    const { rows } = await blocker.query("select name from products where code = 'slow'");
    expect(rows).toEqual([{ name: 'Slow' }]);
    await blocker.end();
    stalled.destroy();
    idle.destroy();
  });

  it('hangs up behind an answer once it stops, while others are still under way', async () => {
    const service = await start(remote);
    const { port, hostname } = new URL(service.url);
    const blockers = await Promise.all(
      ['products', 'policies'].map(async (table) => {
        const blocker = new Client({ connectionString: database.url });
        await blocker.connect();
        await blocker.query(`begin; lock table ${table} in access exclusive mode`);
        return blocker;
      }),
    );
    const [first, second] = blockers as [Client, Client];
    const product = JSON.stringify({ code: 'kept-alive', name: 'Kept alive' });
    const kept = connect(Number(port), hostname);
    kept.write(
      `POST /api/v1/admin/products HTTP/1.1\r\nhost: x\r\nx-admin-key: ${adminKey}\r\n` +
        `content-type: application/json\r\ncontent-length: ${product.length}\r\n\r\n${product}`,
    );
    const other = call(service, 'POST', '/api/v1/admin/policies', { code: 'other', name: 'Other' });
    await untilLockWaits({ sql: async (statement) => (await first.query(statement)).rows }, 2);

    const stopped = service.stop();
    await untilItRefuses(service);
    await first.query('commit');
    // Ends only because the service hangs up.
    expect(await text(kept)).toMatch(/^HTTP\/1\.1 201 Created\r\n.*"code":"kept-alive".*\}$/s);
    await second.query('commit');
    expect((await other).status).toBe(201);
    expect(await stopped).toBe(0);
    await Promise.all(blockers.map((blocker) => blocker.end()));
  });

  it('speaks TLS with the certificate that it is given', async () => {
    const { key, cert } = selfSigned('localhost', new Date());
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    await writeFile(keyFile, key);
    await writeFile(certFile, cert);
    const service = await start({ ...remote, TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile });
    const request = httpsRequest({
      host: '127.0.0.1',
      port: new URL(service.url).port,
      servername: 'localhost',
      ca: cert,
      path: '/health/live',
    }).end();
    const [response] = await once(request, 'response');
    expect([response.statusCode, JSON.parse(await text(response)).status]).toEqual([200, 'ok']);
    expect(service.output()).toContain('Mooring serves on https://localhost:0');
    expect(await service.stop()).toBe(0);
  });
});

describe('without any setting but a folder, whose path has spaces', () => {
  let settings: Record<string, string>;
  let key: string;
  let password: string;

  beforeAll(() => {
    settings = { DATA_DIR: folder };
  });

  const login = (service: ServiceProcess) =>
    call(service, 'POST', '/api/v1/auth/login', { username: 'admin', password });

  it('brings its own database, and prints the first secrets once', async () => {
    const service = await start(settings);
    const printed = (form: RegExp) => [...service.output().matchAll(form)].map(([, secret]) => secret ?? '');
    const [keys, passwords] = [printed(/(mk_[0-9a-f]{48})/g), printed(/Admin password +(\S+)/g)];
    expect([keys.length, passwords.length]).toEqual([1, 1]);
    [key = '', password = ''] = [...keys, ...passwords];
    expect((await login(service)).status).toBe(200);
    expect((await call(service, 'GET', '/api/v1/admin/products', undefined, key)).status).toBe(200);
    expect(await service.stop()).toBe(0);
  });

  it('prints none at the next start, nor anything secret in its most talkative log', async () => {
    const service = await start({ ...settings, LOG_LEVEL: 'trace' });
    const { token } = (await login(service)).body;
    const admin = (path: string, body: object) => call(service, 'POST', `/api/v1/admin${path}`, body, key);
    await admin('/products', { code: 'panel', name: 'Panel' });
    await admin('/policies', { code: 'pro', name: 'Pro' });
    const license = (await admin('/licenses', { product: 'panel', policy: 'pro' })).body.data;
    const seat = await call(
      service,
      'POST',
      '/api/v1/license/activate',
      panelBody(license.key, hardwareId()),
    );
    expect(seat.status).toBe(201);
    await call(service, 'GET', `/api/v1/download/file/${'t0ken'.repeat(9)}`);
    await call(service, 'POST', '/api/v1/license/activate', { license_key: license.key, colour: 'red' });
    const output = service.output();
    expect(output).toContain('/api/v1/license/activate');
    const secrets = [key, password, token, license.key, seat.body.lease, 't0ken'];
    expect(secrets.filter((secret: string) => secret === undefined || output.includes(secret))).toEqual([]);
    expect(output).not.toContain('Admin');
    await kill(service);
  });

  it('starts again after kill -9, with everything in its place', async () => {
    const service = await start(settings);
    expect((await login(service)).status).toBe(200);
    const { body } = await call(service, 'GET', '/api/v1/admin/licenses', undefined, key);
    expect(body.meta.total).toBe(1);
    expect(await service.stop()).toBe(0);
  });
});
