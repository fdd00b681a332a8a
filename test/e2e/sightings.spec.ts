import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { Client } from 'pg';
import { Sightings } from '../../src/licenses/sightings.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { closeDoor, lostAreForgotten, openDoor } from '../setup/closed-door.js';
import { cloneDatabase } from '../setup/database.js';
import { Holder } from '../setup/holder.js';
import { untilLockWaits } from '../setup/locks.js';
import { startNodes } from '../setup/nodes.js';
import { stopTicks } from '../setup/ticks.js';

const TRUSTING = { TRUST_PROXY: '127.0.0.1' };

let app: TestApp;
let holder: Holder;
beforeAll(async () => {
  app = await startApp({ settings: TRUSTING });
  await stopTicks(app);
  holder = await Holder.at(app.databaseUrl);
});
afterAll(async () => {
  await holder.leave();
  await app.stop();
});

const sightings = (of = app) => of.nest.get(Sightings, { strict: false });
const flush = () => sightings().flush();

const ADDRESS = '203.0.113.77';

interface Installed {
  readonly license: any;
  readonly key: string;
  readonly hardware: string;
}

const call = ({ key, hardware }: Installed, more: object = {}, { of = app, action = 'validate' } = {}) =>
  of.request('POST', `/api/v1/license/${action}`, {
    body: panelBody(key, hardware, more),
    headers: { 'x-forwarded-for': ADDRESS },
  });

/** A panel on a seat, which has told nothing but its version. */
async function install(given: object = {}, of = app): Promise<Installed> {
  const { license, key } = await of.sell({ license: given });
  const hardware = hardwareId();
  const { status } = await of.panel('activate', panelBody(key, hardware));
  expect(status).toBe(201);
  return { license, key, hardware };
}

/** The row, and the place and the change that it is from. */
const ROW = 'select ctid::text, xmin::text, * from activations where hardware_id = $1';

const rowOf = async ({ hardware }: Installed) => (await app.sql(ROW, [hardware]))[0];

const TOLD = {
  version: '1.1.0',
  hostname: 'panel.example.test',
  platform: 'linux',
  arch: 'x64',
  usage: { accounts: 7 },
};

/** Answered the lease that it has. */
async function phoneHome(panel: Installed, more: object = TOLD): Promise<Date> {
  app.clock.advance({ seconds: 1 });
  const { lease_id } = await rowOf(panel);
  const { status, body } = await call(panel, more);
  expect([status, decodeJwt(body.lease).jti]).toEqual([200, lease_id]);
  return app.clock.now();
}

/** Answered a new one, for what the license says has changed. */
async function renew(panel: Installed, more: object = {}): Promise<Date> {
  await app.must('PATCH', `/licenses/${panel.license.id}`, { limits: { accounts: Number(app.clock.now()) } });
  app.clock.advance({ seconds: 1 });
  const { lease_id } = await rowOf(panel);
  const { status, body } = await call(panel, more);
  expect(status).toBe(200);
  expect(decodeJwt(body.lease).jti).not.toBe(lease_id);
  return app.clock.now();
}

describe('what a panel tells that is answered the lease it has', () => {
  it('writes no row at once, and is there after the next flush', async () => {
    const panel = await install();
    const before = await rowOf(panel);
    const now = await phoneHome(panel);
    expect(await rowOf(panel)).toEqual(before);
    await flush();
    const after = await rowOf(panel);
    expect(after).toEqual({
      ...before,
      ...TOLD,
      last_seen_at: now,
      last_seen_ip: ADDRESS,
      ctid: expect.any(String),
      xmin: expect.any(String),
    });
    expect(after.xmin).not.toBe(before.xmin);
    await flush();
    expect(await rowOf(panel)).toEqual(after);
  });

  it('of hundreds of them is written by one change', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 300 } });
    const panels = Array.from({ length: 300 }, () => ({ license, key, hardware: hardwareId() }));
    for (const { hardware } of panels) await app.panel('activate', panelBody(key, hardware));
    app.clock.advance({ seconds: 1 });
    await Promise.all(panels.map((panel, index) => call(panel, { usage: { accounts: index } })));
    await flush();
    const rows = await app.sql(
      'select xmin::text, hardware_id, usage from activations where license_id = $1',
      [license.id],
    );
    const usages = new Map(rows.map(({ hardware_id, usage }) => [hardware_id, usage.accounts]));
    expect(panels.map(({ hardware }) => usages.get(hardware))).toEqual(panels.map((_, index) => index));
    expect(new Set(rows.map(({ xmin }) => xmin)).size).toBe(1);
  });

  it('adds to what it told in its calls before', async () => {
    const panel = await install();
    await phoneHome(panel, { usage: { accounts: 1 }, platform: 'linux' });
    await phoneHome(panel, { hostname: 'a.example.test', version: '1.2.0' });
    const now = await phoneHome(panel, { usage: { accounts: 3 }, version: '1.1.9' });
    await flush();
    expect(await rowOf(panel)).toMatchObject({
      usage: { accounts: 3 },
      platform: 'linux',
      hostname: 'a.example.test',
      version: '1.1.9',
      last_seen_at: now,
    });
    await phoneHome(panel, {});
    await flush();
    expect(await rowOf(panel)).toMatchObject({ usage: { accounts: 3 }, hostname: 'a.example.test' });
  });

  it.each([
    ['renewal', renew],
    [
      'activation',
      async (panel: Installed, more: object) => {
        app.clock.advance({ seconds: 1 });
        expect((await call(panel, more, { action: 'activate' })).status).toBe(200);
        return app.clock.now();
      },
    ],
  ])('does not undo a later %s, and is not lost by it', async (_, later) => {
    const panel = await install();
    await phoneHome(panel);
    const now = await later(panel, { version: '1.2.0', platform: 'freebsd' });
    const expected = { ...TOLD, version: '1.2.0', platform: 'freebsd', last_seen_at: now };
    const written = await rowOf(panel);
    expect(written).toMatchObject(expected);
    await flush();
    expect(await rowOf(panel)).toEqual(written);
  });

  it('does not undo what another node wrote later', async () => {
    const panel = await install();
    const now = await phoneHome(panel);
    await app.sql(`update activations set last_seen_at = $2, version = '1.2.0' where hardware_id = $1`, [
      panel.hardware,
      new Date(now.getTime() + 1),
    ]);
    const written = await rowOf(panel);
    await flush();
    expect(await rowOf(panel)).toEqual(written);
  });

  it('does not touch a seat that was released meanwhile', async () => {
    const panel = await install();
    await phoneHome(panel);
    expect((await call(panel, {}, { action: 'deactivate' })).status).toBe(200);
    const released = await rowOf(panel);
    expect(released.released_at).not.toBeNull();
    await flush();
    expect(await rowOf(panel)).toEqual(released);
  });

  it('is forgotten with a license that was deleted meanwhile', async () => {
    const panel = await install();
    await phoneHome(panel);
    const { id } = await rowOf(panel);
    expect(sightings().pending(id, null)).toMatchObject(TOLD);
    await app.must('DELETE', `/licenses/${panel.license.id}`);
    await flush();
    expect(sightings().pending(id, null)).toBeUndefined();
  });
});

const customer = async () => (await app.must('POST', '/customers', { name: 'Somebody' })).id as string;
const handOver = (panel: Installed, to: string | null) =>
  app.must('PATCH', `/licenses/${panel.license.id}`, { customer_id: to });
const erase = (id: string) => app.must('POST', `/customers/${id}/erase`);
const NAMELESS = { hostname: null, last_seen_ip: null };

describe('names that a panel tells', () => {
  it('are not kept of an erased customer', async () => {
    const id = await customer();
    const panel = await install({ customer_id: id });
    const now = await phoneHome(panel);
    await erase(id);
    await flush();
    expect(await rowOf(panel)).toMatchObject({ ...TOLD, ...NAMELESS, last_seen_at: now });
    await phoneHome(panel);
    await flush();
    expect(await rowOf(panel)).toMatchObject(NAMELESS);
  });

  it.each(['is erased', 'is not erased'])('are not the next customer’s, when the former %s', async (what) => {
    const id = await customer();
    const panel = await install({ customer_id: id });
    if (what === 'is erased') await erase(id);
    const now = await phoneHome(panel);
    await handOver(panel, await customer());
    await flush();
    expect(await rowOf(panel)).toMatchObject({ ...TOLD, ...NAMELESS, last_seen_at: now });
  });

  it('are not nobody’s either', async () => {
    const panel = await install({ customer_id: await customer() });
    await phoneHome(panel);
    await handOver(panel, null);
    await app.sql('update activations set hostname = null, last_seen_ip = null where hardware_id = $1', [
      panel.hardware,
    ]);
    await flush();
    expect(await rowOf(panel)).toMatchObject(NAMELESS);
  });

  it('are not handed on by a later call under the next customer', async () => {
    const panel = await install({ customer_id: await customer() });
    await phoneHome(panel);
    await handOver(panel, await customer());
    app.clock.advance({ seconds: 1 });
    await app.panel('validate', panelBody(panel.key, panel.hardware));
    await flush();
    expect(await rowOf(panel)).toMatchObject({
      ...TOLD,
      version: '1.0.0',
      hostname: null,
      last_seen_ip: '127.0.0.1',
    });
  });

  it('are not handed on by a renewal under the next customer', async () => {
    const panel = await install({ customer_id: await customer() });
    await phoneHome(panel);
    await handOver(panel, await customer());
    await renew(panel);
    expect(await rowOf(panel)).toMatchObject({ ...TOLD, version: '1.0.0', hostname: null });
    await flush();
    expect(await rowOf(panel)).toMatchObject({ hostname: null });
  });

  it('are kept by a renewal under the same', async () => {
    const panel = await install({ customer_id: await customer() });
    await phoneHome(panel);
    await renew(panel);
    expect(await rowOf(panel)).toMatchObject({ hostname: TOLD.hostname });
  });
});

/** What is said of a connection that was cut, and of a door that is closed. */
const AWAY = /terminat|not currently accepting connections/i;

describe('a flush', () => {
  it('leaves out a seat that somebody else is writing, and writes it the next time', async () => {
    const [late, other] = [await install(), await install()];
    await phoneHome(late);
    await phoneHome(other);
    const before = await rowOf(late);
    await holder.hold([late.hardware]);
    try {
      await flush();
      expect(await rowOf(other)).toMatchObject(TOLD);
      expect((await rowOf(late)).xmin).toBe(before.xmin);
      // Once more, with what it told meanwhile.
      await phoneHome(late, { version: '1.2.0' });
      await flush();
    } finally {
      await holder.letGo();
    }
    expect((await rowOf(late)).xmin).toBe(before.xmin);
    await flush();
    expect(await rowOf(late)).toMatchObject({ ...TOLD, version: '1.2.0', last_seen_at: app.clock.now() });
  });

  it('that fails keeps what was told, and the next one writes it', async () => {
    const panel = await install();
    const now = await phoneHome(panel);
    const name = new URL(app.databaseUrl).pathname.slice(1);
    const admin = new Client({ connectionString: process.env.TEST_DATABASE_ADMIN_URL });
    await admin.connect();
    await holder.leave();
    try {
      await closeDoor(admin, name);
      await expect(flush()).rejects.toThrow(AWAY);
      await expect(flush()).rejects.toThrow(AWAY);
      await lostAreForgotten(app);
    } finally {
      await openDoor(admin, name);
      await admin.end();
      holder = await Holder.at(app.databaseUrl);
    }
    expect((await rowOf(panel)).version).toBe('1.0.0');
    await flush();
    expect(await rowOf(panel)).toMatchObject({ ...TOLD, last_seen_at: now, last_seen_ip: ADDRESS });
  });
});

describe('a service that stops', () => {
  let database: { url: string; drop(): Promise<void> };
  let other: Holder;
  let stopping: TestApp;
  beforeEach(async () => {
    database = await cloneDatabase();
    other = await Holder.at(database.url);
    stopping = await startApp({ databaseUrl: database.url, settings: TRUSTING });
    await stopTicks(stopping);
  });
  afterEach(async () => {
    await other.leave();
    await database.drop();
  });

  it('has written all that panels told, also of a seat that was in other hands', async () => {
    const [late, panel] = [await install({}, stopping), await install({}, stopping)];
    for (const each of [late, panel]) expect((await call(each, TOLD, { of: stopping })).status).toBe(200);
    const row = async ({ hardware }: Installed) => (await other.sql(ROW, [hardware]))[0];
    expect(await row(panel)).toMatchObject({ version: '1.0.0', hostname: null });
    await other.hold([late.hardware]);
    const stopped = stopping.stop();
    await untilLockWaits(other);
    expect(await row(panel)).toMatchObject({ ...TOLD, last_seen_ip: ADDRESS });
    await other.letGo();
    await stopped;
    expect(await row(late)).toMatchObject({ ...TOLD, last_seen_ip: ADDRESS });
  });
});

it('a process that is asked to end has written what panels told', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mooring-sightings-'));
  const nodes = await startNodes(1, {
    DATA_DIR: dataDir,
    MASTER_KEY: randomBytes(32).toString('base64'),
    LIMIT_ADMIN_PER_MINUTE: '1000000',
  });
  try {
    const { key } = await nodes.sell(1);
    const hardware = hardwareId();
    expect((await nodes.panel(0, 'activate', panelBody(key, hardware))).status).toBe(201);
    expect((await nodes.panel(0, 'validate', panelBody(key, hardware, TOLD))).status).toBe(200);
    await nodes.stopServices();
    const [row] = await nodes.sql('select * from activations where hardware_id = $1', [hardware]);
    expect(row).toMatchObject(TOLD);
  } finally {
    await nodes.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
