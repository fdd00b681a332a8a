import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hardwareId, panelBody } from '../setup/app.js';
import { startNodes, type Nodes } from '../setup/nodes.js';

const LEVELS = { debug: 20, info: 30, error: 50 };

let dataDir: string;
let nodes: Nodes;
async function start(level: string): Promise<void> {
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-log-'));
  const masterKey = randomBytes(32).toString('base64');
  nodes = await startNodes(1, { DATA_DIR: dataDir, MASTER_KEY: masterKey, LOG_LEVEL: level });
}
afterEach(async () => {
  await nodes.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** What was logged, once all of it is written. */
async function logged(): Promise<any[]> {
  await nodes.stopServices();
  return nodes
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** The lines of requests, without what differs from run to run. */
const requests = (lines: any[]) =>
  lines
    .filter(({ req }) => req !== undefined)
    .map(({ level, msg, req, res }) => ({
      level,
      msg,
      method: req.method,
      path: req.path,
      status: res.status,
    }));

const NONCE = `mo_${'ab'.repeat(24)}`;
const TOKEN = randomBytes(32).toString('base64url');
const get = async (path: string) => (await fetch(nodes.urlOf(0) + path, { redirect: 'manual' })).status;

describe('the log', () => {
  it('has a line for each request at the level of its status, and no secret in any', async () => {
    await start('debug');
    const { key } = await nodes.sell(1);
    const hardware = hardwareId();
    expect((await nodes.panel(0, 'activate', panelBody(key, hardware))).status).toBe(201);
    const known = await nodes.panel(0, 'validate', panelBody(key, hardware, { nonce: 'secretnonce12345' }));
    expect(known.status).toBe(200);
    expect((await nodes.panel(0, 'validate', panelBody('PANEL-NONE', hardware))).status).toBe(401);
    const refused = await Promise.all(
      [`/api/v1/download/file/${TOKEN}`, `/api/v1/Download//file/${TOKEN}`, '/no/such?route=secretquery'].map(
        get,
      ),
    );
    expect(refused.filter((status) => status < 400)).toEqual([]);
    const consumed = await get(`/sso/consume/${NONCE}`);
    await nodes.sql('alter table license_keys rename to hidden');
    expect((await nodes.panel(0, 'validate', panelBody(key, hardware))).status).toBe(500);

    const lines = await logged();
    const completed = (level: number, method: string, path: string, status: number) => ({
      level,
      msg: level === LEVELS.error ? 'request errored' : 'request completed',
      method,
      path,
      status,
    });
    expect(requests(lines)).toEqual(
      expect.arrayContaining([
        completed(LEVELS.debug, 'POST', '/api/v1/license/activate', 201),
        completed(LEVELS.debug, 'POST', '/api/v1/license/validate', 200),
        completed(LEVELS.info, 'POST', '/api/v1/license/validate', 401),
        completed(LEVELS.info, 'GET', '/api/v1/download/file/***', refused[0] ?? 0),
        completed(LEVELS.info, 'GET', '/api/v1/Download//file/***', refused[1] ?? 0),
        completed(LEVELS.info, 'GET', '/no/such', 404),
        completed(consumed >= 400 ? LEVELS.info : LEVELS.debug, 'GET', '/sso/consume/***', consumed),
        completed(LEVELS.error, 'POST', '/api/v1/license/validate', 500),
      ]),
    );
    for (const { req, responseTime } of lines.filter((line) => line.req !== undefined)) {
      expect(req).toEqual({
        id: expect.any(String),
        method: expect.any(String),
        path: expect.any(String),
        address: '127.0.0.1',
      });
      expect(Number.isInteger(responseTime)).toBe(true);
    }
    const text = nodes.output();
    const secrets = [key, hardware, NONCE, TOKEN, 'secretnonce12345', 'secretquery', known.body.lease];
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);

    // Whatever is logged on the way says of which request it is.
    const errored = lines.find(({ msg }) => msg === 'request errored');
    const cause = lines.filter(({ context, level }) => context === 'Http' && level === LEVELS.error);
    expect(cause.map(({ reqId }) => reqId)).toEqual([errored.req.id]);
  });

  it('has none for what went well when only more is wanted', async () => {
    await start('info');
    const { key } = await nodes.sell(1);
    const hardware = hardwareId();
    expect((await nodes.panel(0, 'activate', panelBody(key, hardware))).status).toBe(201);
    expect((await nodes.panel(0, 'validate', panelBody(key, hardware))).status).toBe(200);
    expect(await get('/no/such')).toBe(404);
    expect(requests(await logged())).toEqual([
      { level: LEVELS.info, msg: 'request completed', method: 'GET', path: '/no/such', status: 404 },
    ]);
  });
});
