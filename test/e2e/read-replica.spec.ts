import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoggerService } from '@nestjs/common';
import { ReadReplica } from '../../src/database/read-replica.js';
import { isDependencyDown } from '../../src/http/dependency-down.js';
import { operationsOf } from '../setup/api-document.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { withDatabase } from '../setup/database-url.mjs';
import { Holder } from '../setup/holder.js';
import { relayDatabase, type DatabaseRelay } from '../setup/database-relay.js';
import { startReplicated, type ReplicatedDatabase } from '../setup/replicated.js';
import { runToEnd, startService } from '../setup/service-process.js';
import { until } from '../setup/until.js';

let databases: ReplicatedDatabase;
let relay: DatabaseRelay;
let app: TestApp;
let license: { id: string };
let key: string;
const told: string[] = [];

const tell = (message: unknown) => void told.push(String(message));
const LISTENING: LoggerService = { log: tell, warn: tell, error: () => undefined };

beforeAll(async () => {
  databases = await startReplicated();
  relay = await relayDatabase(databases.replica.url);
  // The replica is empty until the service migrates the primary, and follows at once.
  app = await startApp({
    databaseUrl: databases.primary.url,
    settings: { DATABASE_REPLICA_URL: relay.url },
  });
  app.nest.useLogger(LISTENING);
  ({ license, key } = await app.sell({ license: { max_activations: 9 } }));
});
afterAll(async () => {
  await app.stop();
  await relay.cut();
  await databases.stop();
});

const QUESTION = 'pg_last_wal_replay_lsn';

/** What the replica and the primary are asked for an answer, but for how far the replica is. */
async function asked(work: () => Promise<unknown>): Promise<{ replica: string[]; primary: string[] }> {
  let primary: string[] = [];
  const replica = await databases.replica.during(async () => {
    primary = await databases.primary.during(work);
  });
  return { replica: replica.filter((text) => !text.includes(QUESTION)), primary };
}

const list = () => app.admin('GET', '/products');

/** As soon as lists come from the replica: it may be passed over for a moment when the machine is busy. */
const untilRead = () =>
  until(
    () => asked(list),
    ({ replica }) => replica.length > 0,
  );

const products = async (): Promise<string[]> =>
  (await list()).body.data.map(({ code }: { code: string }) => code);

const makeProduct = (): Promise<{ id: string; code: string }> =>
  app.must('POST', '/products', { code: `panel-${randomBytes(4).toString('hex')}`, name: 'Panel' });

describe('lists and stats of the admin plane', () => {
  const document = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
  const routes = operationsOf(document).filter(
    ({ method, path, queryParams }) =>
      method === 'GET' &&
      (path.startsWith('/api/v1/admin/stats') ||
        (path.startsWith('/api/v1/admin/') && queryParams.some(({ name }) => name === 'per_page'))),
  );

  const OWNERS: Readonly<Record<string, () => Promise<string>>> = {
    licenses: async () => license.id,
    webhooks: async () =>
      (
        await app.must('POST', '/webhooks', {
          url: 'https://example.com/hook',
          events: ['*'],
          enabled: false,
        })
      ).id,
    users: async () => (await app.must('GET', '/users'))[0].id,
    versions: async () => {
      const { code } = await makeProduct();
      return (await app.must('POST', '/versions', { product: code, version: '1.0.0' })).id;
    },
  };

  it('are all looked at', () => {
    expect(routes.length).toBeGreaterThan(15);
  });

  it.each(routes.map(({ path }) => path))(
    '%s is read from the replica, and not from the primary',
    async (path) => {
      const [, owner = ''] = path.replace('/api/v1/admin', '').split('/');
      const where = path.includes('{') ? path.replace(/\{\w+\}/, String(await OWNERS[owner]?.())) : path;
      const query = path.startsWith('/api/v1/admin/stats');
      const statuses: number[] = [];
      const look = () =>
        asked(async () => {
          // Of another product each time, for some answers are kept for a moment.
          const search = query ? `?product=${randomBytes(4).toString('hex')}` : '';
          const headers = { 'x-admin-key': app.adminKey };
          statuses.push((await app.request('GET', where + search, { headers })).status);
        });
      const { replica, primary } = await until(look, (asking) => asking.replica.length > 0);
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(primary.filter((text) => replica.includes(text))).toEqual([]);
    },
  );
});

describe('the replica is never asked', () => {
  it('by a panel', async () => {
    await untilRead();
    const [one, other] = [hardwareId(), hardwareId()];
    const statuses: number[] = [];
    const { replica } = await asked(async () => {
      for (const action of ['activate', 'validate'] as const)
        statuses.push((await app.panel(action, panelBody(key, one))).status);
      const moved = panelBody(key, other, { previous_hardware_id: one });
      statuses.push((await app.panel('rebind', moved)).status);
      const update = { license_key: key, hardware_id: other, current_version: '1.0.0' };
      statuses.push((await app.request('POST', '/api/v1/download/check-update', { body: update })).status);
      statuses.push((await app.panel('deactivate', panelBody(key, other))).status);
    });
    expect(statuses).toEqual([201, 200, 200, 200, 200]);
    expect(replica).toEqual([]);
  });

  it('by a change, nor by the look at one thing that a change may be held to', async () => {
    await untilRead();
    const statuses: number[] = [];
    const { replica } = await asked(async () => {
      const { id } = await makeProduct();
      const { headers } = await app.admin('GET', `/products/${id}`);
      const condition = { 'if-match': headers.get('etag') ?? '', 'idempotency-key': id };
      statuses.push((await app.admin('PATCH', `/products/${id}`, { name: 'Other' }, condition)).status);
      statuses.push((await app.admin('GET', `/licenses/${license.id}`)).status);
      statuses.push((await app.admin('POST', `/licenses/${license.id}/suspend`, {})).status);
      statuses.push((await app.admin('POST', `/licenses/${license.id}/reinstate`, {})).status);
    });
    expect(statuses).toEqual([200, 200, 200, 200]);
    expect(replica).toEqual([]);
  });
});

const resume = () => databases.replica.sql('select pg_wal_replay_resume()');

describe('while the replica stands still', () => {
  beforeEach(async () => {
    await untilRead();
    told.length = 0;
    await databases.replica.sql('select pg_wal_replay_pause()');
    await until(
      () => databases.replica.sql<{ state: string }>('select pg_get_wal_replay_pause_state() as state'),
      ([row]) => row?.state === 'paused',
    );
  });
  afterEach(async () => {
    await resume();
    await untilRead();
  });

  it('whoever changes something and lists finds it, whichever node has changed it', async () => {
    const { code } = await makeProduct();
    expect(await products()).toContain(code);
    await app.sql('update products set code = $1 where code = $2', [`${code}x`, code]);
    expect(await products()).toContain(`${code}x`);
  });

  it('a list is told once to come from the primary, and once more when the replica has caught up', async () => {
    await makeProduct();
    for (let times = 0; times < 3; times++) await list();
    const away =
      'The read replica is passed over (it lags behind): lists and stats are read from the primary.';
    expect(told).toEqual([away]);
    await resume();
    await untilRead();
    const back = 'The read replica is back: lists and stats are read from it again.';
    expect(told.slice(0, 2)).toEqual([away, back]);
  });

  it('a revocation is seen by the next call, and so is a seat', async () => {
    const sold = await app.sell();
    const hardware = hardwareId();
    expect((await app.panel('activate', panelBody(sold.key, hardware))).status).toBe(201);
    expect((await app.panel('validate', panelBody(sold.key, hardware))).status).toBe(200);
    await app.must('POST', `/licenses/${sold.license.id}/revoke`, {});
    expect((await app.panel('validate', panelBody(sold.key, hardware))).body.code).toBe('REVOKED');
  });
});

const OUTAGES: readonly [string, () => Promise<void>, () => Promise<void>][] = [
  ['is gone', () => relay.cut(), () => relay.mend()],
  ['takes every statement and answers none', () => relay.freeze(), () => relay.thaw()],
];

describe.each(OUTAGES)('while the replica %s', (_, begin, end) => {
  it('lists come from the primary, readiness stays, and it is read again when it is back', async () => {
    await untilRead();
    told.length = 0;
    await begin();
    try {
      const { code } = await makeProduct();
      expect(await products()).toContain(code);
      expect((await app.request('GET', '/health/ready')).status).toBe(200);
      const answers = await Promise.all([list(), list(), list()]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(told).toEqual([expect.stringMatching(/^The read replica is passed over \(.+\)/)]);
    } finally {
      await end();
    }
    await untilRead();
    expect(told.at(-1)).toMatch(/^The read replica is back/);
  });
});

describe('a list that takes too long on the replica', () => {
  it('is not begun again on the primary', async () => {
    const hasty = await startApp({
      databaseUrl: `${databases.primary.url}&statement_timeout=300`,
      settings: {
        DATABASE_REPLICA_URL: `${databases.replica.url}&statement_timeout=300`,
        MASTER_KEY: app.config.MASTER_KEY ?? '',
        MOORING_ADMIN_KEY: app.adminKey,
      },
    });
    hasty.nest.useLogger(LISTENING);
    const read = async (path: string) => (await hasty.admin('GET', path)).status;
    const locking = app.dataSource.createQueryRunner();
    try {
      await locking.startTransaction();
      // Replayed over there it holds up readers, as a list that is too long would.
      await locking.query('lock table blocklist in access exclusive mode');
      const look = async () => {
        await until(
          () => asked(() => read('/products')),
          ({ replica }) => replica.length > 0,
        );
        told.length = 0;
        const statuses: number[] = [];
        const { primary } = await asked(async () => void statuses.push(await read('/blocklist')));
        return { statuses, primary: primary.filter((text) => text.includes('FROM "blocklist"')), told };
      };
      expect(await until(look, ({ primary }) => primary.length === 0)).toMatchObject({
        statuses: [503],
        told: [],
      });
    } finally {
      await locking.rollbackTransaction();
      await locking.release();
      await hasty.stop();
    }
  });
});

describe('lists that take all connections to the replica', () => {
  it('keep further ones waiting or have them refused, and send none to the primary', async () => {
    const lines: string[] = [];
    const log = { log: tell, warn: (line: string) => void lines.push(line) };
    const replica = new ReadReplica(app.dataSource, { url: databases.replica.url, poolSize: 2, log });
    const doorkeeper = await Holder.at(databases.replica.url);
    const slowList = {
      isForLists: true,
      name: 'slow',
      text: 'select pg_advisory_xact_lock_shared(42)',
    } as const;
    const read = () => replica.read(({ run }) => run(slowList, []));
    await doorkeeper.sql('select pg_advisory_lock(42)');
    try {
      await replica.start();
      const slow = [read(), read()];
      await until(
        () => doorkeeper.sql(`select from pg_locks where locktype = 'advisory' and not granted`),
        ({ length }) => length === 2,
      );
      const { primary } = await asked(async () => {
        const reason = await read().catch((error: unknown) => error);
        expect(isDependencyDown(reason)).toBe(true);
      });
      expect(primary.filter((text) => text.includes('pg_advisory'))).toEqual([]);
      await doorkeeper.sql('select pg_advisory_unlock(42)');
      await Promise.all(slow);
      await read();
      expect(lines).toEqual([]);
    } finally {
      await doorkeeper.leave();
      await replica.stop();
    }
  });
});

describe('at start', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mooring-replica-'));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  const settings = (replica: string) => ({
    DATABASE_URL: databases.primary.url,
    DATABASE_REPLICA_URL: replica,
    MASTER_KEY: app.config.MASTER_KEY ?? '',
    DATA_DIR: dataDir,
  });

  it('the replica of another database is refused', async () => {
    expect(await runToEnd(settings(withDatabase(databases.replica.url, 'postgres')))).toEqual({
      code: 1,
      output: 'DATABASE_REPLICA_URL names a replica of another database than DATABASE_URL.\n',
    });
  });

  const WARNED: readonly [string, () => string, string][] = [
    ['that is away', () => 'postgres://127.0.0.1:1/mooring', 'connect ECONNREFUSED 127.0.0.1:1'],
    ['that is the primary itself', () => databases.primary.url, 'it is no replica'],
  ];

  it.each(WARNED)('one %s is warned of, and the service serves', async (_, url, reason) => {
    const service = await startService(settings(url()));
    const answer = await fetch(`${service.url}/api/v1/admin/products`, {
      headers: { 'x-admin-key': app.adminKey },
    });
    expect(answer.status).toBe(200);
    await service.stop();
    expect(service.output()).toContain(`The read replica is passed over (${reason})`);
  });
});
