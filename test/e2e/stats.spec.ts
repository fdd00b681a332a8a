import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LicenseDayJob } from '../../src/admin/stats/license-day.job.js';
import { VerdictCounts } from '../../src/metrics/verdict-counts.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { Holder } from '../setup/holder.js';
import { untilLockWaits } from '../setup/locks.js';
import { startNodes, type Nodes } from '../setup/nodes.js';
import { addUser, bearer, tokenOf } from '../setup/people.js';
import { until } from '../setup/until.js';

let app: TestApp;
beforeEach(async () => {
  app = await startApp();
});
afterEach(() => app.stop());

const stats = (path: string) => app.must('GET', `/stats${path}`);
const flush = () => app.nest.get(VerdictCounts, { strict: false }).flush();
const saveDay = () => app.nest.get(LicenseDayJob, { strict: false }).save();
const list = async (path: string): Promise<any> => (await app.admin('GET', `/stats${path}`)).body;

/** A panel on a seat; answers what it sends. */
async function install(key: string, more: object = {}): Promise<any> {
  const body = panelBody(key, hardwareId(), more);
  expect((await app.panel('activate', body)).status).toBe(201);
  return body;
}

const NO_REFUSALS = {
  INVALID_KEY: 0,
  REVOKED: 0,
  SUSPENDED: 0,
  EXPIRED: 0,
  VERSION_TOO_LOW: 0,
  UPDATES_EXPIRED: 0,
  HARDWARE_MISMATCH: 0,
  MAX_ACTIVATIONS: 0,
};

describe('verdicts', () => {
  it('are counted by day, product, action and code', async () => {
    const one = await app.sell();
    const other = await app.sell();
    const panel = await install(one.key);
    const otherPanel = await install(other.key);
    for (let i = 0; i < 3; i++) await app.panel('validate', panel);
    await app.panel('validate', otherPanel);
    await app.panel('validate', panelBody(one.key, hardwareId()));
    await app.panel('activate', panelBody(one.key, hardwareId()));
    await app.panel('validate', panelBody('PANEL-NO-SUCH-KEY', hardwareId()));
    await app.request('POST', '/api/v1/download/check-update', {
      body: { license_key: one.key, hardware_id: panel.hardware_id, current_version: '1.0.0' },
    });
    app.clock.advance({ days: 2 });
    await app.must('POST', `/licenses/${one.license.id}/suspend`, {});
    await app.panel('validate', panel);
    await flush();
    expect(
      await app.sql(
        'select day::text, product, action, code, count::int from verdict_counts order by 1, 2, 3, 4',
      ),
    ).toEqual(
      [
        ['2027-03-01', '', 'validate', 'INVALID_KEY', 1],
        ['2027-03-01', one.product.code, 'activate', 'MAX_ACTIVATIONS', 1],
        ['2027-03-01', one.product.code, 'activate', 'VALID', 1],
        ['2027-03-01', one.product.code, 'update', 'VALID', 1],
        ['2027-03-01', one.product.code, 'validate', 'HARDWARE_MISMATCH', 1],
        ['2027-03-01', one.product.code, 'validate', 'VALID', 3],
        ['2027-03-01', other.product.code, 'activate', 'VALID', 1],
        ['2027-03-01', other.product.code, 'validate', 'VALID', 1],
        ['2027-03-03', one.product.code, 'validate', 'SUSPENDED', 1],
      ]
        .toSorted((a, b) => (`${a[0]}${a[1]}` < `${b[0]}${b[1]}` ? -1 : 1))
        .map(([day, product, action, code, count]) => ({ day, product, action, code, count })),
    );
    const span = 'from=2027-02-28&to=2027-03-03';
    expect(await stats(`/validations?${span}`)).toEqual({
      from: '2027-02-28',
      to: '2027-03-03',
      total: 7,
      valid: 4,
      refused: 3,
      days: [
        { day: '2027-02-28', total: 0, valid: 0, refused: 0 },
        { day: '2027-03-01', total: 6, valid: 4, refused: 2 },
        { day: '2027-03-02', total: 0, valid: 0, refused: 0 },
        { day: '2027-03-03', total: 1, valid: 0, refused: 1 },
      ],
    });
    expect(await stats(`/validations?${span}&product=${other.product.code}`)).toMatchObject({ total: 1 });
    expect(await stats(`/validations?${span}&action=activate`)).toMatchObject({ valid: 2, refused: 1 });
    expect(await stats(`/validations?${span}&action=update`)).toMatchObject({ valid: 1, refused: 0 });
    const refused = await stats(`/refusals?${span}`);
    expect(refused).toMatchObject({
      total: 4,
      codes: { ...NO_REFUSALS, INVALID_KEY: 1, SUSPENDED: 1, HARDWARE_MISMATCH: 1, MAX_ACTIVATIONS: 1 },
    });
    expect(refused.days.map(({ day, total }: any) => [day, total])).toEqual([
      ['2027-02-28', 0],
      ['2027-03-01', 3],
      ['2027-03-02', 0],
      ['2027-03-03', 1],
    ]);
    expect(refused.days[0].codes).toEqual(NO_REFUSALS);
    expect(await stats(`/refusals?${span}&action=validate&product=${one.product.code}`)).toMatchObject({
      total: 2,
    });
  });

  it('are added to what was counted before, and written down without being asked', async () => {
    const { key } = await app.sell();
    const panel = await install(key);
    await app.panel('validate', panel);
    await flush();
    await app.panel('validate', panel);
    await flush();
    await flush();
    expect(await stats('/validations')).toMatchObject({ total: 2, valid: 2 });
    await app.panel('validate', panel);
    while ((await stats('/validations')).total < 3) await new Promise((resolve) => setTimeout(resolve, 100));
  });

  it('are all there after a flush, also those that another one was at', async () => {
    const { key } = await app.sell();
    const panel = await install(key);
    let flushes: Promise<void>[] = [];
    await app.dataSource.transaction(async (manager) => {
      await manager.query('lock table verdict_counts in access exclusive mode');
      await app.panel('validate', panel);
      flushes = [flush(), flush()];
      await untilLockWaits(app);
    });
    await flushes[1];
    expect(await stats('/validations')).toMatchObject({ total: 1 });
  });

  it('are kept while the table can not be written to', async () => {
    const { key } = await app.sell();
    const panel = await install(key);
    await app.sql('alter table verdict_counts rename to away');
    await app.panel('validate', panel);
    await expect(flush()).rejects.toThrow('verdict_counts');
    await app.panel('validate', panel);
    await app.sql('alter table away rename to verdict_counts');
    await flush();
    expect(await stats('/validations')).toMatchObject({ total: 2 });
  });
});

const NOBODY_LOOKED = { licenses: null, active_licenses: null, seats: null };

describe('licenses and seats', () => {
  it('are told for every day: today as it is, earlier ones as they ended', async () => {
    const one = await app.sell({ license: { max_activations: 3, expires_at: '2027-03-02T12:00:00Z' } });
    const other = await app.sell();
    const panel = await install(one.key);
    await install(one.key);
    await saveDay();
    await app.panel('deactivate', panel);
    await install(other.key);
    await install(one.key);
    await install(one.key);
    app.clock.advance({ hours: 11 });
    await saveDay();
    await saveDay();
    app.clock.advance({ days: 2 });
    await app.must('POST', `/licenses/${other.license.id}/suspend`, {});
    const span = 'from=2027-02-28&to=2027-03-04';
    expect((await stats(`/seats?${span}`)).days).toEqual([
      { day: '2027-02-28', ...NOBODY_LOOKED },
      { day: '2027-03-01', licenses: 2, active_licenses: 2, seats: 4 },
      { day: '2027-03-02', ...NOBODY_LOOKED },
      { day: '2027-03-03', licenses: 2, active_licenses: 0, seats: 4 },
      { day: '2027-03-04', ...NOBODY_LOOKED },
    ]);
    const countedAt = async (query: string) => (await stats(`/seats?${query}`)).counted_at;
    expect(await countedAt(span)).toBe(app.clock.now().toISOString());
    expect(await countedAt('from=2027-02-28&to=2027-03-02')).toBeNull();
    const own = (await stats(`/seats?${span}&product=${one.product.code}`)).days;
    expect(own[1]).toEqual({ day: '2027-03-01', licenses: 1, active_licenses: 1, seats: 3 });
    expect(own[3]).toEqual({ day: '2027-03-03', licenses: 1, active_licenses: 0, seats: 3 });
    expect((await stats('/seats')).days).toHaveLength(30);
  });

  it('are counted anew for whoever asks, though the clock has counted them', async () => {
    const { key, product } = await app.sell({ license: { max_activations: 9 } });
    await install(key);
    await saveDay();
    app.clock.advance({ seconds: 60 });
    await install(key);
    const now = app.clock.now().toISOString();
    expect(await stats('')).toMatchObject({ seats: 2, counted_at: now, products: [{ seats: 2 }] });
    const { counted_at, days } = await stats('/seats');
    expect([counted_at, days.at(-1).seats]).toEqual([now, 2]);
    expect((await list(`/versions?product=${product.code}`)).data).toMatchObject([
      { seats: 2, counted_at: now },
    ]);
  });

  it('are written down by one node, by the clock', async () => {
    const [{ cron }] = (await app.sql(`select cron from pgboss.schedule where name = 'license-day'`)) as [
      any,
    ];
    expect(cron).toBe('4-59/5 * * * *');
  });
});

describe('the overview', () => {
  it('is zeros on an empty service', async () => {
    expect(await stats('')).toEqual({
      at: app.clock.now().toISOString(),
      counted_at: app.clock.now().toISOString(),
      licenses: 0,
      active_licenses: 0,
      seats: 0,
      products: [],
      validations: {
        today: { total: 0, valid: 0, refused: 0 },
        last_7_days: { total: 0, valid: 0, refused: 0 },
      },
      refusals_today: NO_REFUSALS,
      expiring_in_30_days: 0,
      clone_suspects: 0,
    });
  });

  it('tells how things stand, for all or for one product', async () => {
    const one = await app.sell({ license: { max_activations: 2, expires_at: '2027-03-20T00:00:00Z' } });
    const other = await app.sell({ license: { expires_at: '2028-03-20T00:00:00Z' } });
    const panel = await install(one.key);
    await install(other.key);
    await app.panel('validate', panel);
    await flush();
    app.clock.advance({ days: 6 });
    await app.panel('validate', panel);
    await app.panel('activate', panelBody(other.key, hardwareId()));
    await flush();
    const all = await stats('');
    expect(all).toMatchObject({
      licenses: 2,
      active_licenses: 2,
      seats: 2,
      validations: { today: { total: 1 }, last_7_days: { total: 2, valid: 2 } },
      refusals_today: { ...NO_REFUSALS, MAX_ACTIVATIONS: 1 },
      expiring_in_30_days: 1,
    });
    expect(all.products).toEqual(
      [one, other]
        .map(({ product }) => ({ product: product.code, licenses: 1, active_licenses: 1, seats: 1 }))
        .toSorted((a, b) => (a.product < b.product ? -1 : 1)),
    );
    expect(await stats(`?product=${other.product.code}`)).toMatchObject({
      licenses: 1,
      seats: 1,
      validations: { last_7_days: { total: 0 } },
      expiring_in_30_days: 0,
    });
    // Asked for again and again it is added up once in five seconds.
    await app.sell();
    app.clock.advance({ seconds: 4 });
    expect(await stats('')).toEqual(all);
    app.clock.advance({ seconds: 1 });
    expect(await stats('')).toMatchObject({ licenses: 3, at: app.clock.now().toISOString() });
    app.clock.advance({ days: 1 });
    expect((await stats('')).validations.last_7_days.total).toBe(1);
  });
});

describe('the field', () => {
  it('runs versions, the most used first', async () => {
    const one = await app.sell({ license: { max_activations: 9 } });
    const other = await app.sell({ license: { max_activations: 9 } });
    for (const version of ['1.0.0', '1.1.0', '1.1.0', '1.1.0']) await install(one.key, { version });
    app.clock.advance({ hours: 1 });
    for (const version of ['1.0.0', '1.0.0', '9.0.0']) await install(other.key, { version });
    await app.panel('deactivate', await install(one.key, { version: '0.1.0' }));
    const { data, meta } = await list('/versions');
    expect(data.map(({ version, seats }: any) => [version, seats]).slice(0, 2)).toEqual([
      ['1.1.0', 3],
      ['1.0.0', 2],
    ]);
    expect(data[1]).toEqual({
      product: other.product.code,
      version: '1.0.0',
      seats: 2,
      last_seen_at: app.clock.now().toISOString(),
      counted_at: app.clock.now().toISOString(),
    });
    expect(meta).toEqual({ total: 4, per_page: 50, current_page: 1, last_page: 1 });
    const names = async (query: string) =>
      (await list(`/versions?${query}`)).data.map((row: any) => row.version);
    expect(await names(`product=${one.product.code}`)).toEqual(['1.1.0', '1.0.0']);
    expect(await names(`product=${one.product.code}&sort=version`)).toEqual(['1.0.0', '1.1.0']);
    expect(await names(`product=${other.product.code}&sort=seats`)).toEqual(['9.0.0', '1.0.0']);
    expect(await names('q=9.0')).toEqual(['9.0.0']);
    expect(await names('q=%25')).toEqual([]);
    const second = await list('/versions?per_page=3&page=2');
    expect([second.data.length, second.meta.total, second.meta.last_page]).toEqual([1, 4, 2]);
    expect((await list('/versions?per_page=2&page=1')).meta.total).toBe(4);
    expect((await list('/versions?per_page=4&page=9')).meta.total).toBe(4);
  });

  it('has licenses that end soon, the next first', async () => {
    const sold: any[] = [];
    for (const days of [40, 10, 20]) {
      const expires_at = new Date(app.clock.now().getTime() + days * 86_400_000).toISOString();
      sold.push((await app.sell({ license: { expires_at } })).license);
    }
    await app.sell();
    await app.sell({ license: { expires_at: '2027-02-01T00:00:00Z' } });
    const [late, soon, later] = sold;
    const ids = async (query: string) => (await list(`/expiring?${query}`)).data.map(({ id }: any) => id);
    expect(await ids('')).toEqual([soon.id, later.id]);
    expect(await ids('days=10')).toEqual([soon.id]);
    expect(await ids('days=9')).toEqual([]);
    expect(await ids('days=366&sort=-expires_at')).toEqual([late.id, later.id, soon.id]);
    expect(await ids(`days=366&product=${late.product}`)).toEqual([late.id]);
    await app.must('POST', `/licenses/${soon.id}/suspend`, {});
    const { data, meta } = await list('/expiring?per_page=1');
    expect(meta.total).toBe(1);
    expect(data).toEqual([
      {
        id: later.id,
        key: expect.stringContaining('****'),
        product: later.product,
        policy: later.policy,
        customer_id: null,
        expires_at: later.expires_at,
        max_activations: 1,
        activations: 0,
      },
    ]);
  });

  it('has seats that two machines seem to share', async () => {
    const { license, key, product } = await app.sell();
    const panel = panelBody(key, hardwareId(), { hostname: 'panel-1' });
    const { body } = await app.panel('activate', panel);
    const held = JSON.parse(Buffer.from(body.lease.split('.')[1], 'base64url').toString()).jti;
    await app.panel('validate', { ...panel, lease_id: held });
    expect((await list('/clones')).data).toEqual([]);
    await app.panel('validate', panel);
    const { data, meta } = await list('/clones');
    expect(meta.total).toBe(1);
    expect(data).toEqual([
      {
        activation_id: body.activation.id,
        license_id: license.id,
        license_key: license.key.replace(/-.*-/, '-****-'),
        product: product.code,
        hardware_id: panel.hardware_id,
        hostname: 'panel-1',
        version: '1.0.0',
        last_seen_ip: '127.0.0.1',
        last_seen_at: app.clock.now().toISOString(),
        clone_suspected_at: app.clock.now().toISOString(),
      },
    ]);
    expect((await stats('')).clone_suspects).toBe(1);
    expect((await list('/clones?product=another')).data).toEqual([]);
    expect((await list(`/clones?q=${panel.hardware_id.slice(0, 9)}`)).data).toHaveLength(1);
    await app.must('DELETE', `/licenses/${license.id}/activations/${body.activation.id}`);
    expect((await list('/clones')).data).toEqual([]);
  });
});

describe('bad questions', () => {
  it('are told what is wrong with them', async () => {
    for (const [path, field, message] of [
      ['/validations?from=2027-02-30', 'from', 'The from field must be a valid date.'],
      ['/validations?from=0000-01-01', 'from', 'The from field must be a valid date.'],
      ['/validations?to=today', 'to', 'The to field must be a valid date.'],
      ['/seats?from=2027-03-01T00:00:00Z', 'from', 'The from field must be a valid date.'],
      ['/seats?from=2027-03-02', 'to', 'The to field must be the first day or a later one.'],
      [
        '/refusals?from=2020-01-01&to=2021-01-01',
        'to',
        'The to field must be at most 365 days after the first day.',
      ],
      ['/validations?action=dance', 'action', 'The selected action is invalid.'],
      ['/expiring?days=0', 'days', 'The days field must be at least 1.'],
      ['/expiring?days=367', 'days', 'The days field must not be greater than 366.'],
      ['/versions?sort=created_at', 'sort', 'The selected sort is invalid.'],
      ['?colour=red', 'colour', 'The colour field is prohibited.'],
    ]) {
      const { status, body } = await app.admin('GET', `/stats${path}`);
      expect([path, status, body.details]).toEqual([path, 422, { [field as string]: [message] }]);
    }
  });

  it('are answered to whoever may read statistics, and to nobody else', async () => {
    const scoped = async (permissions: string[]) => {
      const { key } = await app.must('POST', '/api-keys', { name: 'dashboard', permissions });
      return app.request('GET', '/api/v1/admin/stats', { headers: { 'x-admin-key': key } });
    };
    expect((await scoped(['stats:read'])).status).toBe(200);
    expect((await scoped(['licenses:write'])).body.error).toBe("API key is not scoped for 'stats'");
    const headers = bearer(await tokenOf(app, await addUser(app, { role: 'support' })));
    expect((await app.request('GET', '/api/v1/admin/stats/seats', { headers })).status).toBe(200);
  });
});

describe('two processes', () => {
  let nodes: Nodes;
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mooring-stats-'));
    nodes = await startNodes(2, {
      DATA_DIR: dataDir,
      MASTER_KEY: randomBytes(32).toString('base64'),
      LIMIT_LICENSE_PER_MINUTE: '1000000',
      LIMIT_ADDRESS_PER_MINUTE: '1000000',
    });
  });
  afterAll(async () => {
    await nodes.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('add up, and lose nothing when they are stopped', async () => {
    const { key } = await nodes.sell(1);
    const panel = panelBody(key, hardwareId());
    await nodes.panel(0, 'activate', panel);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => nodes.panel(i, 'validate', panel)),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    await nodes.stopServices();
    const counts = await nodes.sql(
      `select code, sum(count)::int as count from verdict_counts where action = 'validate' group by code`,
    );
    expect(counts).toEqual([{ code: 'VALID', count: 200 }]);
  });
});

describe('a field of many thousands', () => {
  const LICENSES = 30_000;
  const OLD = 1_000;
  let product: string;
  beforeEach(async () => {
    const sold = await app.sell();
    product = sold.product.code;
    await app.sql(
      `with l as (
         insert into licenses (id, product_id, policy_id, status, max_activations, limits, features, created_at, updated_at)
         select gen_random_uuid(), $1, $2, 'active', 1, '{}', '[]', $3, $3 from generate_series(1, ${LICENSES}) returning id
       )
       insert into activations (id, license_id, hardware_id, version, activated_at, last_seen_at, lease_id, lease_kid,
         lease_seq, lease_issued_at, lease_refresh_after, lease_valid_until, lease_grace_until, lease_digest)
       select gen_random_uuid(), id, 'h', case when row_number() over () <= ${OLD} then '1.0.0' else '1.1.0' end, $3, $3, id, 'k', 1, $3, $3, $3, $3, ''
       from l`,
      [sold.product.id, sold.policy.id, app.clock.now()],
    );
  });
  const look = async () => {
    const { at, counted_at, licenses, seats, products } = await stats(`?product=${product}`);
    expect(at).toBe(app.clock.now().toISOString());
    const ofDays = await stats(`/seats?product=${product}`);
    const versions = (await list(`/versions?product=${product}&sort=version`)).data;
    const since = [counted_at, ofDays.counted_at, ...versions.map((row: any) => row.counted_at)];
    // None of them is of another count than the others.
    expect(new Set(since).size).toBe(1);
    return { counted_at, licenses, seats, products, today: ofDays.days.at(-1), versions };
  };

  it('is counted by the clock, and told as it was then', async () => {
    const live = await look();
    expect(live).toMatchObject({ licenses: LICENSES + 1, seats: LICENSES });
    expect(live.versions.map(({ version, seats }: any) => [version, seats])).toEqual([
      ['1.0.0', OLD],
      ['1.1.0', LICENSES - OLD],
    ]);
    await saveDay();
    app.clock.advance({ seconds: 60 });
    await app.sql(
      `update activations set released_at = $1, release_reason = 'admin' where version = '1.0.0'`,
      [app.clock.now()],
    );
    expect(await look()).toEqual(live);
    await saveDay();
    app.clock.advance({ seconds: 60 });
    const later = await look();
    expect(later).toMatchObject({ licenses: LICENSES + 1, seats: LICENSES - OLD });
    expect(Date.parse(later.counted_at) - Date.parse(live.counted_at)).toBe(60_000);
    expect(later.versions).toMatchObject([{ version: '1.1.0', seats: LICENSES - OLD }]);
    // On the next day it is what it was, until somebody has counted.
    app.clock.advance({ days: 1 });
    expect((await look()).today).toMatchObject({ seats: LICENSES - OLD });
  });

  it('is counted by one node at a time', async () => {
    await Promise.all([saveDay(), saveDay(), saveDay()]);
    expect((await look()).seats).toBe(LICENSES);
    expect((await app.sql('select from field_counts')).length).toBe(2);
  });

  it('tells nothing of a count that did not come to its end', async () => {
    await saveDay();
    const counted = await look();
    app.clock.advance({ seconds: 60 });
    await app.sql(`update activations set released_at = $1, release_reason = 'admin'`, [app.clock.now()]);
    await app.sql('alter table figures_counted rename to away');
    await expect(saveDay()).rejects.toThrow('figures_counted');
    await app.sql('alter table away rename to figures_counted');
    expect(await look()).toEqual(counted);
  });

  it('is counted no more often than a hundredth of the time allows, and on each new day', async () => {
    const countedAt = async () => (await app.sql('select counted_at from figures_counted'))[0].counted_at;
    const strike = () => app.nest.get(LicenseDayJob, { strict: false }).saveUnlessRecent();
    await saveDay();
    // As of ten million: half an hour of rest.
    await app.sql('update figures_counted set took_ms = 18000');
    const first = await countedAt();
    app.clock.advance({ seconds: 29 * 60 });
    await strike();
    expect(await countedAt()).toEqual(first);
    app.clock.advance({ seconds: 60 });
    await strike();
    expect(await countedAt()).toEqual(app.clock.now());
    await app.sql('update figures_counted set took_ms = 18000');
    app.clock.set('2027-03-01T23:34:00Z');
    await strike();
    await app.sql('update figures_counted set took_ms = 18000');
    app.clock.set('2027-03-01T23:54:00Z');
    await strike();
    expect(await countedAt()).toEqual(new Date('2027-03-01T23:34:00Z'));
    // The last look at a day is its record.
    app.clock.set('2027-03-01T23:59:00Z');
    await strike();
    expect(await countedAt()).toEqual(app.clock.now());
    await app.sql('update figures_counted set took_ms = 18000');
    app.clock.set('2027-03-02T00:04:00Z');
    await strike();
    expect(await countedAt()).toEqual(app.clock.now());
  });

  it('is given up when the service stops, and what was counted before stays', async () => {
    await saveDay();
    const countedAt = () => app.sql('select counted_at from figures_counted');
    const before = await countedAt();
    const holder = await Holder.at(app.databaseUrl);
    await holder.sql('begin');
    await holder.sql('lock table activations in access exclusive mode');
    app.clock.advance({ days: 1 });
    const stopping = new AbortController();
    const counting = app.nest.get(LicenseDayJob, { strict: false }).saveUnlessRecent(stopping.signal);
    await untilLockWaits(app);
    stopping.abort();
    await counting;
    await holder.leave();
    expect(await countedAt()).toEqual(before);
    // As soon as the database has noticed that nobody listens.
    await until(
      async () => {
        await saveDay();
        return countedAt();
      },
      ([last]) => last?.counted_at.getTime() === app.clock.now().getTime(),
    );
  });
});
