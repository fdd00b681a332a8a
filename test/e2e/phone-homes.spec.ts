import { decodeJwt } from 'jose';
import { Sightings } from '../../src/licenses/sightings.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { Holder } from '../setup/holder.js';
import { untilLockWaits } from '../setup/locks.js';

let app: TestApp;
let holder: Holder;
beforeAll(async () => {
  app = await startApp();
  holder = await Holder.at(app.databaseUrl);
});
afterAll(async () => {
  await holder.leave();
  await app.stop();
});

interface Panel {
  readonly key: string;
  readonly hardware: string;
  /** The lease it was given at first. */
  readonly lease: string;
}

async function install(key: string): Promise<Panel> {
  const hardware = hardwareId();
  const { status, body } = await app.panel('activate', panelBody(key, hardware));
  expect(status).toBe(201);
  return { key, hardware, lease: body.lease };
}

/** Panels of several licenses. */
async function installMany(licenses: number, seats: number): Promise<Panel[]> {
  const panels: Panel[] = [];
  for (let sold = 0; sold < licenses; sold++) {
    const { key } = await app.sell({ license: { max_activations: seats } });
    for (let seat = 0; seat < seats; seat++) panels.push(await install(key));
  }
  return panels;
}

const call = ({ key, hardware }: Panel, more: object = {}) =>
  app.panel('validate', panelBody(key, hardware, more));

const flush = () => app.nest.get(Sightings, { strict: false }).flush();

const idOf = (lease: string) => decodeJwt(lease).jti;
const statusOf = ({ status }: { status: number }) => status;
const all = (count: number, value: unknown) => Array.from({ length: count }, () => value);

/** The ids of the leases that are stored, in the order of the panels. */
async function stored(panels: readonly Panel[]): Promise<string[]> {
  const rows = await app.sql('select hardware_id, lease_id from activations where hardware_id = any($1)', [
    panels.map(({ hardware }) => hardware),
  ]);
  const byHardware = new Map(rows.map((row) => [row.hardware_id, row.lease_id]));
  return panels.map(({ hardware }) => byHardware.get(hardware));
}

const toldBy = (index: number) => ({
  version: `1.${index}.0`,
  hostname: `panel-${index}.example.test`,
  platform: `platform-${index}`,
  arch: index % 2 === 0 ? 'x64' : 'arm64',
  usage: { accounts: index },
});

const seconds = (date: Date) => Math.floor(date.getTime() / 1000);

describe('panels that renew at once', () => {
  it('are each given a lease of their own, stored as it was answered with what they told', async () => {
    const panels = await installMany(10, 20);
    app.clock.advance({ hours: 2 });
    const answers = await Promise.all(panels.map((panel, index) => call(panel, toldBy(index))));
    expect(answers.map(statusOf)).toEqual(all(panels.length, 200));
    const rows = await app.sql('select * from activations where hardware_id = any($1)', [
      panels.map(({ hardware }) => hardware),
    ]);
    const byHardware = new Map(rows.map((row) => [row.hardware_id, row]));
    for (const [index, { hardware, lease }] of panels.entries()) {
      const claims = decodeJwt(answers[index]?.body.lease);
      expect(claims).toMatchObject({ hwid: hardware });
      expect(claims.jti).not.toBe(idOf(lease));
      const row = byHardware.get(hardware);
      expect(row).toMatchObject({
        ...toldBy(index),
        last_seen_ip: '127.0.0.1',
        last_seen_at: app.clock.now(),
      });
      expect({
        jti: row.lease_id,
        seq: Number(row.lease_seq),
        iat: seconds(row.lease_issued_at),
        exp: seconds(row.lease_valid_until),
      }).toEqual({ jti: claims.jti, seq: claims.seq, iat: claims.iat, exp: claims.exp });
      expect(new Date(String(claims.grace_until))).toEqual(row.lease_grace_until);
    }
    expect(new Set(answers.map(({ body }) => body.lease)).size).toBe(panels.length);
  });

  it('and are one panel, are all answered the one lease that is stored', async () => {
    const [panel] = (await installMany(1, 1)) as [Panel];
    app.clock.advance({ hours: 2 });
    const answers = await Promise.all(Array.from({ length: 150 }, () => call(panel)));
    expect(answers.map(statusOf)).toEqual(all(150, 200));
    expect([...new Set(answers.map(({ body }) => idOf(body.lease)))]).toEqual(await stored([panel]));
    expect(await stored([panel])).not.toEqual([idOf(panel.lease)]);
  });

  it('and show different leases of one seat, are each judged by what they show', async () => {
    const [panel] = (await installMany(1, 1)) as [Panel];
    app.clock.advance({ hours: 2 });
    const shown = { lease_id: idOf(panel.lease) };
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => call(panel, i < 30 ? shown : {})));
    expect(answers.map(statusOf)).toEqual(all(60, 200));
    expect(await stored([panel])).toHaveLength(1);
    // Whoever was answered a lease that was voided since was answered one that was stored for a moment.
    const leases = new Set(answers.map(({ body }) => idOf(body.lease)));
    expect(leases).toContain((await stored([panel]))[0]);
    expect(leases).not.toContain(idOf(panel.lease));
  });
});

describe('while somebody else is writing the seat of a panel', () => {
  afterEach(() => holder.letGo());

  it('the others that renew at once with it are answered, and it is as soon as the seat is free', async () => {
    const panels = await installMany(1, 30);
    const [late, ...others] = panels as [Panel, ...Panel[]];
    app.clock.advance({ hours: 2 });
    await holder.hold([late.hardware]);
    let isAnswered = false;
    const waiting = call(late).finally(() => {
      isAnswered = true;
    });
    const answers = await Promise.all(others.map((panel) => call(panel)));
    expect(answers.map(statusOf)).toEqual(all(others.length, 200));
    expect(answers.map(({ body }) => idOf(body.lease))).toEqual(await stored(others));
    await untilLockWaits(app);
    expect(isAnswered).toBe(false);
    await holder.letGo();
    const { status, body } = await waiting;
    expect(status).toBe(200);
    expect([idOf(body.lease)]).toEqual(await stored([late]));
    expect(idOf(body.lease)).not.toBe(idOf(late.lease));
  });

  it.each(['its time has come', 'the license says something else'])(
    'as many calls of it as may come wait with one connection, and are answered one new lease (%s)',
    async (reason) => {
      const [panel, other] = (await installMany(1, 2)) as [Panel, Panel];
      if (reason === 'its time has come') app.clock.advance({ hours: 2 });
      else {
        const [row] = await app.sql('select license_id from activations where hardware_id = $1', [
          panel.hardware,
        ]);
        await app.must('PATCH', `/licenses/${row.license_id}`, { limits: { accounts: 5 } });
      }
      await holder.hold([panel.hardware]);
      const calls = Array.from({ length: 150 }, () => call(panel));
      const waiting = Promise.all(calls);
      await untilLockWaits(holder);
      for (let times = 0; times < 5; times++) expect((await call(other)).status).toBe(200);
      const waits = await holder.sql(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      expect(waits).toHaveLength(1);
      await holder.letGo();
      const answers = await waiting;
      expect(answers.map(statusOf)).toEqual(all(150, 200));
      expect([...new Set(answers.map(({ body }) => idOf(body.lease)))]).toEqual(await stored([panel]));
      expect(await stored([panel])).not.toEqual([idOf(panel.lease)]);
    },
  );

  it('or of more panels than there are connections, others are answered', async () => {
    const held = await installMany(2, 30);
    const free = await installMany(1, 10);
    app.clock.advance({ hours: 2 });
    await holder.hold(held.map(({ hardware }) => hardware));
    const waiting = Promise.all(held.map((panel) => call(panel)));
    await untilLockWaits(holder);
    for (let times = 0; times < 3; times++) {
      const answers = await Promise.all(free.map((panel) => call(panel)));
      expect(answers.map(statusOf)).toEqual(all(free.length, 200));
    }
    await holder.letGo();
    const answers = await waiting;
    expect(answers.map(statusOf)).toEqual(all(held.length, 200));
    expect(answers.map(({ body }) => idOf(body.lease))).toEqual(await stored(held));
  });

  it('and then releases it, the panel is told so', async () => {
    const [panel] = (await installMany(1, 1)) as [Panel];
    app.clock.advance({ hours: 2 });
    await holder.hold([panel.hardware]);
    const waiting = call(panel);
    await untilLockWaits(holder);
    await holder.sql(
      `update activations set released_at = now(), release_reason = 'admin' where hardware_id = $1`,
      [panel.hardware],
    );
    await holder.sql('commit');
    expect((await waiting).body).toMatchObject({ code: 'HARDWARE_MISMATCH' });
    expect(await stored([panel])).toEqual([idOf(panel.lease)]);
  });
});

describe('calls that are looked up together', () => {
  it('see a revocation that was answered before they came', async () => {
    const others = await installMany(2, 20);
    for (let round = 0; round < 5; round++) {
      const { license, key } = await app.sell({ license: { max_activations: 10 } });
      const revoked: Panel[] = [];
      for (let seat = 0; seat < 10; seat++) revoked.push(await install(key));
      const storm = Promise.all([...others, ...revoked].map((panel) => call(panel)));
      await app.must('POST', `/licenses/${license.id}/revoke`, {});
      const codes = (panels: Panel[]) =>
        Promise.all(panels.map(async (panel) => (await call(panel)).body.code ?? 'VALID'));
      expect(await Promise.all([codes(revoked), codes(others)])).toEqual([
        all(revoked.length, 'REVOKED'),
        all(others.length, 'VALID'),
      ]);
      await storm;
    }
  });

  it('are each answered about their own license, with unknown keys and other hardware among them', async () => {
    const panels = await installMany(20, 1);
    const kinds = panels.flatMap((panel) => [
      { panel, expected: 'VALID' },
      { panel: { ...panel, hardware: hardwareId() }, expected: 'HARDWARE_MISMATCH' },
      { panel: { ...panel, key: `PANEL-${panel.hardware.slice(0, 20)}` }, expected: 'INVALID_KEY' },
    ]);
    const answers = await Promise.all(
      kinds.map(async ({ panel, expected }) => ({ panel, expected, body: (await call(panel)).body })),
    );
    expect(answers.map(({ body }) => body.code ?? 'VALID')).toEqual(kinds.map(({ expected }) => expected));
    const valid = answers.filter(({ expected }) => expected === 'VALID');
    for (const { panel, body } of valid)
      expect(decodeJwt(body.lease)).toMatchObject({ hwid: panel.hardware });
  });
});

describe('whatever may be told', () => {
  const TOLD = [
    { hostname: '"\\"\\u0000{}[],:' },
    { hostname: '\u0001\u001f\u007f\u2028\u2029\ufeff\ufffe' },
    { hostname: '🦊'.repeat(255), platform: '\\'.repeat(64), arch: "'$1::json--" },
    { usage: { a: Number.MAX_SAFE_INTEGER, b: -0, constructor: 1, toString: 0, 'a.b-c_D9': 7 } },
    { usage: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${'x'.repeat(61)}${i + 100}`, i])) },
    { usage: {} },
    { version: `1.0.0-${'a'.repeat(240)}` },
    { version: `${Number.MAX_SAFE_INTEGER}.0.0+build.01` },
    { hostname: 'null', platform: 'true', arch: '{"a":1}' },
  ];

  it.each([
    ['with a new lease', 2],
    ['with the lease it has', 0],
  ])('is stored with what others tell, as it is (%s)', async (_, hours) => {
    const panels = await installMany(1, TOLD.length * 2);
    app.clock.advance({ hours });
    const told = (index: number) =>
      index % 2 === 0 ? (TOLD[index / 2] ?? {}) : { hostname: `plain-${index}` };
    const answers = await Promise.all(panels.map((panel, index) => call(panel, told(index))));
    expect(answers.map(statusOf)).toEqual(all(panels.length, 200));
    if (hours === 0) await flush();
    const rows = await app.sql(
      'select hardware_id, version, hostname, platform, arch, usage from activations where hardware_id = any($1)',
      [panels.map(({ hardware }) => hardware)],
    );
    const byHardware = new Map(rows.map((row) => [row.hardware_id, row]));
    for (const [index, { hardware }] of panels.entries())
      expect(byHardware.get(hardware)).toMatchObject(JSON.parse(JSON.stringify(told(index))));
  });
});
