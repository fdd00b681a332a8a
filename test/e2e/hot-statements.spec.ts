import { Client } from 'pg';
import { Sightings } from '../../src/licenses/sightings.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { licenseGroups, type LicenseTables } from '../setup/license-joins.js';
import { release } from '../setup/releases.js';

const SOME: LicenseTables = new Map([
  ['licenses', { license: 'id', key: 'id' }],
  ['license_keys', { license: 'license_id', key: 'hash' }],
  ['activations', { license: 'license_id', key: 'id' }],
]);

/** Each puts rows of two licenses together, or may. */
const WRONG = [
  'select * from licenses l, activations a where l.id = $1',
  'select * from licenses l join activations a on a.hardware_id = l.metadata',
  'select * from licenses l left join activations a on a.license_id = l.id or a.hardware_id = $1',
  'select * from licenses l where l.id = any($1) and exists (select from activations where license_id = any($1))',
  'select l.id, (select count(*) from activations where released_at is null) from licenses l where l.id = $1',
  'select * from activations a join activations b on b.hardware_id = a.hardware_id where a.license_id = $1',
  'with used as (select license_id, count(*) as n from activations group by 1) select from licenses l, used',
  'update activations a set version = k.hint from license_keys k where k.hash = $1 and a.id = $2',
  'insert into activations (id, license_id) select $1, k.license_id from license_keys k where exists (select from licenses where id = $2)',
  'select l.id from licenses l where l.id = (select id from license_keys where hash = $1)',
  'delete from activations where hardware_id in (select hint from license_keys where hash = $1)',
];

const RIGHT = [
  'select * from licenses l join activations a on a.license_id = l.id where l.id = any($1)',
  'select l.id from licenses l where l.id = (select license_id from license_keys where hash = $1)',
  'delete from activations where id in (select id from activations where last_seen_at < $1 limit 10)',
  'select * from unnest($1::uuid[]) as asked (id) join licenses l on l.id = asked.id left join activations a on asked.id = a.license_id',
  'select l.id, (select count(*) from activations a where a.license_id = l.id) from licenses l',
  'with used as (select license_id, count(*) as n from activations group by 1) select from licenses l join used u on u.license_id = l.id',
  'delete from activations where license_id = $1 and exists (select from licenses where id = $1)',
  'delete from activations a where a.license_id in (select license_id from license_keys where hash = $1)',
  'insert into activations (id, license_id) select $1, k.license_id from license_keys k where k.hash = $2',
  'update activations a set version = u.version from unnest($1::uuid[], $2::text[]) as u (id, version) where a.id = u.id',
];

describe('the look at a statement', () => {
  it.each(WRONG)('finds that rows of several licenses meet in: %s', async (text) => {
    expect((await licenseGroups(text, SOME)).length).toBeGreaterThan(1);
  });

  it.each(RIGHT)('finds that each row is of one license in: %s', async (text) => {
    expect(await licenseGroups(text, SOME)).toHaveLength(1);
  });
});

/** Every table with the id of a license in it, and the column that is its primary key. */
const TABLES = `select c.relname as name, l.attname as license, k.attname as key
  from pg_class c
  join pg_attribute l on l.attrelid = c.oid and (l.attname = 'license_id' or c.relname = 'licenses' and l.attname = 'id')
  left join pg_index i on i.indrelid = c.oid and i.indisprimary and i.indnatts = 1
  left join pg_attribute k on k.attrelid = c.oid and k.attnum = i.indkey[0]
  where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace`;

/** What is sent to the database, each text once; null while nobody wants to know. */
let sent: Set<string> | null = null;
const { query } = Client.prototype;

/** Has every connection that is opened from now on tell. */
function listen(): void {
  Client.prototype.query = function (this: Client, ...given: any[]) {
    const [config] = given;
    sent?.add(typeof config === 'string' ? config : config.text);
    return Reflect.apply(query, this, given);
  } as typeof query;
}

async function recorded(work: () => Promise<unknown>): Promise<string[]> {
  sent = new Set();
  await work();
  const texts = [...sent];
  sent = null;
  return texts;
}

interface Panel {
  readonly key: string;
  readonly hardware: string;
}

const asks = ({ key, hardware }: Panel) => ({
  body: { license_key: key, hardware_id: hardware, current_version: '1.0.0' },
});

describe('no statement of a panel puts rows of two licenses together', () => {
  let app: TestApp;
  let tables: LicenseTables;
  beforeAll(async () => {
    listen();
    app = await startApp({ settings: { DATABASE_POOL_SIZE: '60' } });
    const rows = await app.sql(TABLES);
    tables = new Map(rows.map(({ name, license, key }) => [name, { license, key }]));
  });
  afterAll(async () => {
    Client.prototype.query = query;
    await app.stop();
  });

  it('whatever it calls, alone and with many others', async () => {
    const sold = await Promise.all(
      Array.from({ length: 8 }, () =>
        app.sell({ license: { max_activations: 3 }, policy: { on_clone: 'report' } }),
      ),
    );
    for (const { product } of sold) await release(app, product, { version: '2.0.0' });
    const panels = sold.map(({ key }) => ({ key, hardware: hardwareId(), other: hardwareId() }));
    const statuses: number[] = [];
    const each = async (call: (panel: (typeof panels)[number]) => Promise<{ status: number; body: any }>) => {
      const answers = await Promise.all(panels.map(call));
      statuses.push(...answers.map(({ status }) => status));
      return answers.map(({ body }) => body);
    };
    const texts = await recorded(async () => {
      await each(({ key, hardware }) => app.panel('activate', panelBody(key, hardware)));
      await each(({ key, hardware }) =>
        app.panel('validate', panelBody(key, hardware, { usage: { accounts: 3 } })),
      );
      await app.nest.get(Sightings, { strict: false }).flush();
      app.clock.advance({ hours: 30 });
      await each(({ key, hardware }) =>
        app.panel('validate', panelBody(key, hardware, { version: '1.1.0' })),
      );
      await each(({ hardware }) => app.panel('validate', panelBody('NONE-AT-ALL', hardware)));
      await each((panel) => app.request('POST', '/api/v1/download/check-update', asks(panel)));
      const tokens = await each((panel) => app.request('POST', '/api/v1/download/token', asks(panel)));
      for (const { token } of tokens)
        statuses.push((await app.request('GET', `/api/v1/download/file/${token}`)).status);
      await each(({ key, hardware, other }) =>
        app.panel('rebind', panelBody(key, other, { previous_hardware_id: hardware })),
      );
      await each(({ key, other }) => app.panel('deactivate', panelBody(key, other)));
      await each(({ key, other }) => app.panel('validate', panelBody(key, other)));
    });
    expect(statuses.filter((status) => status >= 400 && ![401, 403].includes(status))).toEqual([]);
    expect(new Set(statuses)).toEqual(new Set([200, 201, 401, 403]));

    // The queue's own are sent at any time, and are of no license.
    const named = texts.filter((text) => [...tables.keys()].some((table) => text.includes(table)));
    const groups = await Promise.all(
      named.map(async (text) => ({ text, groups: await licenseGroups(text, tables) })),
    );
    const touching = groups.filter((each_) => each_.groups.length > 0);
    expect(touching.length).toBeGreaterThan(8);
    for (const part of ['unnest', 'noted as', 'saved as'])
      expect(touching.some(({ text }) => text.includes(part))).toBe(true);
    expect(touching.filter((each_) => each_.groups.length > 1)).toEqual([]);
  });

  it.each(['activate', 'validate', 'deactivate'] as const)(
    'and a key with a typo causes none, whoever would %s',
    async (action) => {
      const { key } = await app.sell();
      const typo = key.slice(0, -1) + (key.endsWith('2') ? '3' : '2');
      const texts = await recorded(async () => {
        expect((await app.panel(action, panelBody(typo, hardwareId()))).status).toBe(401);
      });
      expect(texts.filter((text) => text.includes('license_keys'))).toEqual([]);
    },
  );
});
