import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { PLANE_NAMES, type Plane } from '../../src/http/planes.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { closeDoor, lostAreForgotten, openDoor } from '../setup/closed-door.js';
import { cloneDatabase } from '../setup/database.js';
import { relayDatabase, type DatabaseRelay } from '../setup/database-relay.js';
import { callOf, NOT_FOUND, refusal, refused, representatives, seen, type Call } from '../setup/planes.js';
import { send } from '../setup/wire.js';

let relay: DatabaseRelay;
let database: { url: string; drop(): Promise<void> };
/** Another way to the server, past the relay and into another database. */
let admin: Client;
let app: TestApp;
let key: string;
const hardware = hardwareId();

beforeAll(async () => {
  database = await cloneDatabase();
  admin = new Client({ connectionString: process.env.TEST_DATABASE_ADMIN_URL });
  await admin.connect();
  relay = await relayDatabase(database.url);
  app = await startApp({ databaseUrl: relay.url });
  ({ key } = await app.sell());
  await app.panel('activate', panelBody(key, hardware));
});
afterAll(async () => {
  await app.stop();
  await relay.cut();
  await admin.end();
  await database.drop();
});

const call = (plane: Plane): Call => callOf(plane, representatives(app, key, hardware)[plane]);

const WORDS = ['relation', 'database', 'hidden', 'ECONN', '127.0.0.1', 'select', 'node_modules', 'at /'];

/** The answer to a good request, with the words in it that are nobody's business. */
async function attempt(plane: Plane, of = app) {
  const { post, route } = call(plane);
  const answer = await send(of.url, post(JSON.stringify(route.body)));
  const leaks = [...WORDS, route.table].filter((word) => answer.body.includes(word));
  return { ...seen(answer), leaks };
}

const name = () => new URL(database.url).pathname.slice(1);

interface Outage {
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
}

const OUTAGES = {
  'is gone': { begin: () => relay.cut(), end: () => relay.mend() },
  'lets nobody in': { begin: () => closeDoor(admin, name()), end: () => openDoor(admin, name()) },
  'has another name': {
    async begin() {
      await closeDoor(admin, name());
      await admin.query(`alter database ${name()} rename to ${name()}_hidden`);
    },
    async end() {
      await admin.query(`alter database ${name()}_hidden rename to ${name()}`);
      await openDoor(admin, name());
    },
  },
} as const satisfies Record<string, Outage>;

type OutageName = keyof typeof OUTAGES;

const EACH = PLANE_NAMES.flatMap((plane) =>
  (Object.keys(OUTAGES) as OutageName[]).map((outage) => [plane, outage] as const),
);

describe('while the database is away', () => {
  it.each(EACH)('%s: it %s: 503, and all is well when it is back', async (plane, outage) => {
    const { begin, end } = OUTAGES[outage];
    const down = refusal(503, 'INTERNAL_ERROR', 'Service temporarily unavailable');
    try {
      await begin();
      // Once for the connections that are lost, and once for those that can't be opened.
      for (let times = 0; times < 2; times++) {
        expect(await attempt(plane)).toEqual({ ...refused(plane, down), leaks: [] });
      }
      await lostAreForgotten(app);
    } finally {
      await end();
    }
    expect((await attempt(plane)).status).toBe(call(plane).route.accepted);
  });

  it.each(PLANE_NAMES)('%s: an unknown route is unknown', async (plane) => {
    await relay.cut();
    try {
      const answer = await send(app.url, { method: 'GET', path: `${call(plane).base}/none` });
      expect(seen(answer)).toEqual(refused(plane, NOT_FOUND));
    } finally {
      await relay.mend();
    }
  });
});

describe('while the database takes every statement and never answers', () => {
  /** How long a statement may take on this node; by default the service is more patient. */
  const QUERY_TIMEOUT_MS = 2_500;
  const down = refusal(503, 'INTERNAL_ERROR', 'Service temporarily unavailable');
  let impatient: TestApp;
  beforeAll(async () => {
    impatient = await startApp({
      databaseUrl: `${relay.url}?query_timeout=${QUERY_TIMEOUT_MS}`,
      settings: { MASTER_KEY: app.config.MASTER_KEY ?? '' },
    });
  });
  afterAll(() => impatient.stop());
  afterEach(() => relay.thaw());

  it('503 on every plane, and all is well when it is back', async () => {
    await relay.freeze();
    // Once for the connections that are stuck, and once for those that can't be opened.
    for (let times = 0; times < 2; times++) {
      const answers = await Promise.all(PLANE_NAMES.map((plane) => attempt(plane, impatient)));
      expect(answers).toEqual(PLANE_NAMES.map((plane) => ({ ...refused(plane, down), leaks: [] })));
    }
    await relay.thaw();
    for (const plane of PLANE_NAMES) {
      expect((await attempt(plane, impatient)).status).toBe(call(plane).route.accepted);
    }
  });

  it('ends a transaction without waiting for its rollback, and opens another connection', async () => {
    const late = Promise.withResolvers<string>();
    const lost = impatient.dataSource.transaction(async (manager) => {
      await manager.query('select 1');
      await relay.freeze();
      await manager.query('select 2').catch((error: unknown) => {
        void sleep(QUERY_TIMEOUT_MS, 'the rollback was waited for').then(late.resolve);
        throw error;
      });
    });
    const ended = lost.catch((error: Error) => error.message);
    expect(await Promise.race([ended, late.promise])).toBe('Query read timeout');
    await relay.thaw();
    expect(await impatient.sql('select 3 as three')).toEqual([{ three: 3 }]);
  });

  it('is not ready, and says so long before a statement is given up', async () => {
    // Not to look with a connection that can't be opened, which is given up sooner.
    await Promise.all(Array.from({ length: 4 }, () => app.sql('select pg_sleep(0.1)')));
    await relay.freeze();
    const began = performance.now();
    const { status } = await app.request('GET', '/health/ready');
    expect(status).toBe(503);
    expect(performance.now() - began).toBeLessThan(15_000);
  });
});

describe('a failure that nobody expected', () => {
  it.each(PLANE_NAMES)('%s: 500 in words that say nothing', async (plane) => {
    const { table } = call(plane).route;
    await app.sql(`alter table ${table} rename to hidden`);
    try {
      const unexpected = refusal(500, 'INTERNAL_ERROR', 'Internal server error');
      expect(await attempt(plane)).toEqual({ ...refused(plane, unexpected), leaks: [] });
    } finally {
      await app.sql(`alter table hidden rename to ${table}`);
    }
  });
});
