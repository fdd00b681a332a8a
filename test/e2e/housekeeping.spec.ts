import { DataSource } from 'typeorm';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { SettableClock } from '../setup/clock.js';
import { stopTicks } from '../setup/ticks.js';
import { csv, importFile } from '../setup/transfer.js';
import { poolOf } from '../../src/database/data-source.js';
import { claimNotices, type NoticeCursor } from '../../src/database/license-notices.js';
import { onPool } from '../../src/database/statements.js';
import { CleanUp } from '../../src/housekeeping/clean-up.js';
import { CountsRetention } from '../../src/housekeeping/counts-retention.js';
import { ExpiryNotices } from '../../src/housekeeping/expiry-notices.js';
import { KeyRotation } from '../../src/housekeeping/key-rotation.js';
import { SeatRelease } from '../../src/housekeeping/seat-release.js';

const BEGIN = '2027-03-01T12:00:00.000Z';

/** Two nodes on one database, which share the clock. */
let app: TestApp;
let other: TestApp;
const clock = new SettableClock();
beforeAll(async () => {
  app = await startApp({ clock });
  other = await startApp({
    clock,
    databaseUrl: app.databaseUrl,
    settings: { MASTER_KEY: app.config.MASTER_KEY ?? '', MOORING_ADMIN_KEY: app.adminKey },
  });
  // Nothing is delivered: after months of this clock the receiver, which never answers, would be given up.
  await Promise.all([app, other].map(stopTicks));
  // Somebody must listen: what nobody subscribes to is not kept.
  await app.must('POST', '/webhooks', { url: 'https://receiver.example.test/', events: ['*'] });
});
afterAll(async () => {
  await other.stop();
  await app.stop();
});
beforeEach(() => clock.set(BEGIN));

const inDays = (days: number) => new Date(Date.parse(BEGIN) + days * 86_400_000);

const notices = (node = app) => node.nest.get(ExpiryNotices, { strict: false }).tell();
const release = (node = app) => node.nest.get(SeatRelease, { strict: false }).release();
const cleanUp = () => app.nest.get(CleanUp, { strict: false }).sweep();
const rotate = (node = app) => node.nest.get(KeyRotation, { strict: false }).rotate();

/** What the audit log holds of a subject, oldest first. */
const audit = (subjectId: string, pattern: string): Promise<any[]> =>
  app.sql(
    `select action, actor_type, details, occurred_at from audit_events
     where subject_id = $1 and action like $2 order by occurred_at, id`,
    [subjectId, pattern],
  );

/** What receivers are told of a license, oldest first. */
const events = (licenseId: string): Promise<any[]> =>
  app.sql(
    `select type, data from events where data->>'id' = $1 and type like 'license.expir%' order by occurred_at, id`,
    [licenseId],
  );

/** A license that ends so many days after the beginning, sold long before. */
async function ending(days: number, more: object = {}) {
  clock.set('2026-03-01T12:00:00.000Z');
  const sold = await app.sell({ license: { expires_at: inDays(days).toISOString(), ...more } });
  clock.set(BEGIN);
  return sold;
}

const told = async (licenseId: string) =>
  (await audit(licenseId, 'license.expir%')).map(({ action, details }) =>
    action === 'license.expired' ? 'expired' : details.days_left,
  );

describe('a license that ends', () => {
  it('is told of thirty, seven and one day before, and at its end, once each', async () => {
    const { license } = await ending(31);
    const at = async (days: number) => {
      clock.set(inDays(days));
      await notices();
      await notices();
      return told(license.id);
    };
    expect(await at(0.9)).toEqual([]);
    expect(await at(1)).toEqual([30]);
    expect(await at(23.9)).toEqual([30]);
    expect(await at(24)).toEqual([30, 7]);
    expect(await at(30)).toEqual([30, 7, 1]);
    expect(await at(30.99)).toEqual([30, 7, 1]);
    expect(await at(31)).toEqual([30, 7, 1, 'expired']);
    expect(await at(400)).toEqual([30, 7, 1, 'expired']);
    const all = await events(license.id);
    expect(all.map(({ type, data }) => [type, data.days_left])).toEqual([
      ['license.expiring', 30],
      ['license.expiring', 7],
      ['license.expiring', 1],
      ['license.expired', undefined],
    ]);
    expect(all[0].data).toMatchObject({
      id: license.id,
      expires_at: license.expires_at,
      key: license.key.replace(/-.*-/, '-****-'),
    });
    expect(JSON.stringify(all)).not.toContain(license.key);
    expect((await audit(license.id, 'license.expir%'))[0]).toMatchObject({
      actor_type: 'system',
      details: { product: license.product, policy: license.policy, expires_at: license.expires_at },
    });
  });

  it('is told of again when it was renewed and ends again', async () => {
    const { license } = await ending(0.5);
    await notices();
    expect(await told(license.id)).toEqual([1]);
    await app.must('POST', `/licenses/${license.id}/renew`, { days: 100 });
    await notices();
    expect(await told(license.id)).toEqual([1]);
    clock.set(inDays(99.6));
    await notices();
    expect(await told(license.id)).toEqual([1, 1]);
  });

  it('is told of once by two nodes that look at the same moment', async () => {
    const sold = [];
    for (let i = 0; i < 12; i++) sold.push(await ending(6.5));
    await Promise.all([notices(app), notices(other), notices(app), notices(other)]);
    for (const { license } of sold) expect(await told(license.id)).toEqual([7]);
  });

  it.each([
    ['long ago', -8, {}, []],
    ['a few days ago', -6, {}, ['expired']],
    ['in three days, of which nobody was told yet', 3, {}, [3]],
    ['in three weeks, of which nobody was told in time', 20, {}, []],
    ['later', 31, {}, []],
  ] as const)('%s is told of as %j', async (_, days, more, expected) => {
    const { license } = await ending(days, more);
    await notices();
    expect(await told(license.id)).toEqual(expected);
  });

  it('is not told of as ending soon on the day when it is sold', async () => {
    const { license } = await app.sell({ license: { expires_at: inDays(5).toISOString() } });
    await notices();
    expect(await told(license.id)).toEqual([]);
    clock.set(inDays(4.5));
    await notices();
    expect(await told(license.id)).toEqual([1]);
  });

  it.each(['suspend', 'revoke'])('is not told of after a %s', async (verb) => {
    const { license } = await ending(0.5);
    await app.must('POST', `/licenses/${license.id}/${verb}`);
    await notices();
    expect(await told(license.id)).toEqual([]);
  });

  it('is not told of as ended when it was imported after its end, whatever the file says of its age', async () => {
    const { product, policy } = await ending(100);
    const row = (key: string, days: number) =>
      [key, product.code, policy.code, inDays(days).toISOString(), '2020-01-01T00:00:00Z'] as const;
    const file = csv(
      ['key', 'product', 'policy', 'expires_at', 'created_at'],
      row('OLD-1', -1),
      row('OLD-2', 8),
    );
    expect((await importFile(app, 'licenses', file)).status).toBe(201);
    const ids = [];
    for (const key of ['OLD-1', 'OLD-2']) ids.push((await app.must('GET', `/licenses?q=${key}`))[0].id);
    await notices();
    expect([await told(ids[0]), await told(ids[1])]).toEqual([[], []]);
    clock.set(inDays(1.5));
    await notices();
    expect([await told(ids[0]), await told(ids[1])]).toEqual([[], [7]]);
  });

  it('is looked at once in a run: each batch begins where the one before it ended', async () => {
    const sold = [];
    for (let i = 0; i < 5; i++) sold.push((await ending(0.1 + i / 10_000)).license.id);
    const now = clock.now();
    const claim = { steps: [1, 0], now, since: inDays(-7), limit: 2 };
    const run = onPool(poolOf(app.nest.get(DataSource)));
    await claimNotices(run, { ...claim, limit: 1_000, after: null });
    const claimed = [];
    for (let after: NoticeCursor | null = null; ;) {
      // As if nothing had been told: only where it begins keeps a batch from what went before.
      await app.sql('delete from license_notices where license_id = any($1)', [sold]);
      const { due, next } = await claimNotices(run, { ...claim, after });
      claimed.push(...due.map(({ licenseId }) => licenseId));
      if (next === null) break;
      after = next;
    }
    expect(claimed).toEqual(sold);
  });

  it('is told of however many there are', async () => {
    const { product, policy } = await ending(100);
    await app.sql(
      `with many as (
         insert into licenses (id, product_id, policy_id, status, max_activations, expires_at, limits, features, created_at, updated_at)
         select gen_random_uuid(), $1, $2, 'active', 1, $3, '{}', '[]', '2026-01-01', '2026-01-01' from generate_series(1, 250)
         returning id
       ) insert into license_keys (hash, license_id, hint, created_at) select sha256(id::text::bytea), id, 'M', '2026-01-01' from many`,
      [product.id, policy.id, inDays(0.5)],
    );
    await notices();
    const [{ n }] = await app.sql(
      `select count(*)::int as n from license_notices n join licenses l on l.id = n.license_id where l.product_id = $1`,
      [product.id],
    );
    expect(n).toBe(250);
  });
});

/** A license whose two seats were taken one after the other. */
const seated = async (license: object, policy: object = { release_seat_after_days: 30 }) => {
  const sold = await app.sell({ license, policy });
  const hardware = [hardwareId(), hardwareId()];
  for (const each of hardware) {
    await app.panel('activate', panelBody(sold.key, each));
    clock.advance({ hours: 1 });
  }
  return { ...sold, hardware };
};

/** The hardware that holds its seats, the first to come first. */
const heldBy = async (licenseId: string) =>
  (await app.must('GET', `/licenses/${licenseId}/activations?sort=activated_at`)).map(
    ({ hardware_id }: any) => hardware_id,
  );

describe('a seat that was unseen for long', () => {
  it('is freed where the license is full: one, the longest unseen, and once on two nodes', async () => {
    const { license, hardware } = await seated({ max_activations: 2 });
    clock.set(inDays(29));
    await release();
    expect(await heldBy(license.id)).toEqual(hardware);
    clock.set(inDays(31));
    await Promise.all([release(app), release(other)]);
    expect(await heldBy(license.id)).toEqual([hardware[1]]);
    await release();
    expect(await heldBy(license.id)).toEqual([hardware[1]]);
    const freed = await app.sql(
      `select actor_type, details from audit_events where action = 'activation.released' and details->>'license_id' = $1`,
      [license.id],
    );
    expect(freed).toMatchObject([
      { actor_type: 'system', details: { hardware_id: hardware[0], reason: 'stale' } },
    ]);
    const outgoing = await app.sql(
      `select data from events where type = 'activation.released' and data->>'hardware_id' = $1`,
      [hardware[0]],
    );
    expect(outgoing).toMatchObject([{ data: { release_reason: 'stale' } }]);
    const seats = await app.must('GET', `/licenses/${license.id}/activations?released=true`);
    expect(seats.map((seat: any) => seat.release_reason).toSorted()).toEqual([null, 'stale'].toSorted());
  });

  it('is freed although a license before it fails, which the run then tells', async () => {
    const [bad, good] = [await seated({ max_activations: 2 }), await seated({ max_activations: 2 })];
    await app.sql(
      `create function refuse_release() returns trigger language plpgsql as $$ begin
         if new.license_id = '${bad.license.id}' then raise exception 'not this one'; end if; return new; end $$;
       create trigger refuse_release before update on activations for each row execute function refuse_release()`,
    );
    clock.set(inDays(31));
    await expect(release()).rejects.toThrow('The seats of 1 licenses could not be released');
    expect(await heldBy(bad.license.id)).toEqual(bad.hardware);
    expect(await heldBy(good.license.id)).toEqual([good.hardware[1]]);
    await app.sql('drop function refuse_release cascade');
    await release();
    expect(await heldBy(bad.license.id)).toEqual([bad.hardware[1]]);
  });

  it('stays where there is room, where the policy keeps it, and where its panel works offline', async () => {
    const roomy = await seated({ max_activations: 3 });
    const kept = await seated({ max_activations: 2 }, {});
    const { license: offline } = await app.sell({ policy: { release_seat_after_days: 30 } });
    const airGapped = hardwareId();
    await app.must('POST', `/licenses/${offline.id}/activations`, {
      hardware_id: airGapped,
      version: '1.0.0',
      valid_days: 300,
    });
    clock.set(inDays(200));
    await release();
    expect(await heldBy(roomy.license.id)).toEqual(roomy.hardware);
    expect(await heldBy(kept.license.id)).toEqual(kept.hardware);
    expect(await heldBy(offline.id)).toEqual([airGapped]);
  });
});

it('what has ended is swept, and nothing else', async () => {
  const { license, key } = await app.sell();
  const rotated = await app.must('POST', `/licenses/${license.id}/rotate-key`, { overlap_hours: 48 });
  const login = () =>
    app.request('POST', '/api/v1/auth/login', { body: { username: 'admin', password: app.password } });
  await login();
  const [user] = await app.sql("select id from users where username = 'admin'");
  const ended = inDays(0.5);
  await app.sql(
    `insert into sso_nonces (hash, user_id, target_path, minter_type, created_at, expires_at)
     values ('\\x01', $1, '/', 'system', $2, $3)`,
    [user.id, BEGIN, ended],
  );
  await app.request('POST', '/api/v1/admin/products', {
    body: { code: 'swept', name: 'Swept' },
    headers: { 'x-admin-key': app.adminKey, 'idempotency-key': 'swept' },
  });
  const counts = async () => {
    const [row] = await app.sql(
      `select (select count(*) from sessions)::int as sessions, (select count(*) from sso_nonces)::int as nonces,
         (select count(*) from idempotency_keys)::int as answers,
         (select count(*) from license_keys where license_id = $1)::int as keys`,
      [license.id],
    );
    return row;
  };
  await cleanUp();
  expect(await counts()).toEqual({ sessions: 1, nonces: 1, answers: 1, keys: 2 });
  clock.set(ended);
  await cleanUp();
  expect(await counts()).toEqual({ sessions: 1, nonces: 0, answers: 1, keys: 2 });
  clock.set(inDays(1));
  await cleanUp();
  expect(await counts()).toEqual({ sessions: 0, nonces: 0, answers: 0, keys: 2 });
  expect((await app.panel('activate', panelBody(key, hardwareId()))).status).toBe(201);
  clock.set(inDays(2));
  await cleanUp();
  expect((await counts()).keys).toBe(1);
  expect((await app.panel('activate', panelBody(rotated.key, hardwareId()))).body.code).toBe(
    'MAX_ACTIVATIONS',
  );
});

it('daily figures are kept for the eight hundred days before today', async () => {
  const days = async (table: string) =>
    (await app.sql(`select day::text from ${table} where product = 'counted' order by day`)).map(
      ({ day }) => day,
    );
  await app.sql(
    `insert into verdict_counts select day, 'counted', 'validate', 'VALID', 1
     from unnest('{2020-01-01,2024-12-20,2024-12-21,2027-03-01}'::date[]) day`,
  );
  await app.sql(
    `insert into license_days select day, 'counted', 1, 1, 1 from unnest('{2020-01-01,2027-03-01}'::date[]) day`,
  );
  await app.nest.get(CountsRetention, { strict: false }).forget();
  expect(await days('verdict_counts')).toEqual(['2024-12-21', '2027-03-01']);
  expect(await days('license_days')).toEqual(['2027-03-01']);
});

it('what is swept in batches is swept to its end, and no further once the service stops', async () => {
  const left = async () => (await app.sql('select count(*)::int as n from sso_nonces'))[0].n;
  await app.sql(
    `insert into sso_nonces (hash, user_id, target_path, minter_type, created_at, expires_at)
     select sha256(i::text::bytea), (select id from users limit 1), '/', 'system', $1, $1 from generate_series(1, 4500) i`,
    [BEGIN],
  );
  let looks = 0;
  const sweeps = app.nest.get(CleanUp, { strict: false });
  // Sessions first, then two batches of nonces.
  await sweeps.sweep({
    get aborted() {
      looks += 1;
      return looks > 3;
    },
  } as AbortSignal);
  expect(await left()).toBe(500);
  await sweeps.sweep();
  expect(await left()).toBe(0);
});

const failLogins = (times: number) =>
  Promise.all(
    Array.from({ length: times }, () =>
      app.request('POST', '/api/v1/auth/login', { body: { username: 'admin', password: 'wrong' } }),
    ),
  );
const tallies = () => app.sql('select failures, locked_until is not null as locked from failed_proofs');

it.each([
  ['in minutes', 1, { failures: 1, locked: false }],
  ['once its lock is over', 10, { failures: 0, locked: true }],
])('wrong passwords are forgotten, with their network: %s', async (_, times, tally) => {
  await failLogins(times);
  clock.advance({ seconds: 14 * 60 });
  await cleanUp();
  expect(await tallies()).toEqual([tally]);
  clock.advance({ seconds: 60 });
  await cleanUp();
  expect(await tallies()).toEqual([]);
});

it('the signing key is replaced in time, once on two nodes, and signs a week after it was published', async () => {
  const kids = async () =>
    (await app.request('GET', '/api/v1/license/keys')).body.keys.map(({ kid }: any) => kid);
  const signer = async () => {
    const { key } = await app.sell();
    const { body } = await app.panel('activate', panelBody(key, hardwareId()));
    return JSON.parse(Buffer.from(body.lease.split('.')[0], 'base64url').toString()).kid;
  };
  const [first] = await kids();
  clock.set(inDays(82));
  await rotate();
  expect(await kids()).toEqual([first]);
  clock.set(inDays(83.1));
  await Promise.all([rotate(app), rotate(other)]);
  const [, second, ...more] = await kids();
  expect([typeof second, more]).toEqual(['string', []]);
  expect(await signer()).toBe(first);
  clock.set(inDays(90.1));
  expect(await signer()).toBe(second);
  const { keys } = (await app.request('GET', '/api/v1/license/keys')).body;
  expect(keys[1].endorsements).toHaveLength(1);
  expect(await audit(second, 'signing_key.%')).toMatchObject([
    {
      action: 'signing_key.created',
      actor_type: 'system',
      details: { signs_from: inDays(90.1).toISOString() },
    },
  ]);
});
