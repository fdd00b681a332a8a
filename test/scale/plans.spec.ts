import { Client } from 'pg';
import { Sealer } from '../../src/admin/audit/sealer.js';
import { LicenseDayJob } from '../../src/admin/stats/license-day.job.js';
import { loadLinks, loadStrangers } from '../../src/database/audit-chain.js';
import { poolOf } from '../../src/database/data-source.js';
import { loadLicenseFacts, loadLicenseFactsTogether } from '../../src/database/license-facts.js';
import { pageOfLicenses } from '../../src/database/stale-licenses.js';
import { onPool, type Run } from '../../src/database/statements.js';
import { takeDelivery } from '../../src/database/webhook-deliveries.js';
import { CleanUp } from '../../src/housekeeping/clean-up.js';
import { ExpiryNotices } from '../../src/housekeeping/expiry-notices.js';
import { Sightings } from '../../src/licenses/sightings.js';
import { VerdictCounts } from '../../src/metrics/verdict-counts.js';
import { Relay } from '../../src/webhooks/relay.js';
import { WebhookRetention } from '../../src/webhooks/retention.js';
import { hardwareId, panelBody, startApp, type Answer, type TestApp } from '../setup/app.js';
import { SettableClock } from '../setup/clock.js';
import { bearer, login } from '../setup/people.js';
import { install, release } from '../setup/releases.js';
import { stopTicks } from '../setup/ticks.js';
import { fillWithAMillion, MILLION, one, WEBHOOK_ID } from './million.js';
import { planFor, planForAny, type Plan } from './plan.js';
import { hearStatements, statementsOf, type RanStatement } from './statements-run.js';

hearStatements();

const FILLING_MS = 600_000;

let app: TestApp;
let client: Client;
let run: Run;
let clock: SettableClock;
let installed: Awaited<ReturnType<typeof install>>;
beforeAll(async () => {
  clock = new SettableClock(new Date());
  app = await startApp({ clock });
  // What runs by the second is run by the test.
  await stopTicks(app);
  await fillWithAMillion(app.databaseUrl);
  client = new Client({ connectionString: app.databaseUrl });
  await client.connect();
  run = onPool(poolOf(app.dataSource));
  installed = await install(app);
  await release(app, installed.product, { version: '2.0.0' });
}, FILLING_MS);
afterAll(async () => {
  await client?.end();
  await app.stop();
});

const some = one(MILLION / 2);

/** A statement of the queue's own: its tables hold what is under way. */
const isOfQueue = ({ text }: RanStatement) => text.includes('pgboss.');

/** How many rows a list has in all: that many have to be counted, though nothing else is done with them. */
const isTotal = ({ text }: RanStatement) => text.startsWith('SELECT count(*)::int AS "total"');

const titleOf = ({ name, text }: RanStatement) => name ?? text.slice(0, 60);

/** With a name it is prepared, and its plan ends up being the one for any values. A cursor is opened once. */
const plansOf = async (statement: RanStatement): Promise<Plan[]> => [
  await planFor(client, statement),
  ...(statement.name === null ? [] : [await planForAny(client, statement)]),
];

/**
 * Does it, looks at every statement that ran, and answers what is wrong with one: what it reads that grows, or that it does
 * not use the indexes that `by` has for its name. The lists that TypeORM writes have the name `list`.
 */
async function unfit(
  does: () => Promise<unknown>,
  by: Readonly<Record<string, readonly string[]>>,
): Promise<string[]> {
  const ran = (await statementsOf(does)).filter((statement) => !isOfQueue(statement) && !isTotal(statement));
  const flaws: string[] = [];
  const plansBy = new Map<string, Plan[]>();
  for (const statement of ran) {
    const plans = await plansOf(statement);
    flaws.push(...plans.flatMap((plan) => plan.flaws.map((flaw) => `${titleOf(statement)}: ${flaw}`)));
    const name = statement.name ?? 'list';
    plansBy.set(name, (plansBy.get(name) ?? []).concat(plans));
  }
  for (const [name, indexes] of Object.entries(by)) {
    const plans = plansBy.get(name) ?? [];
    // Of the lists one statement is the page; of a statement with a name every plan counts.
    const fits = (plan: Plan) => indexes.every((index) => plan.indexes.has(index));
    const isFit = name === 'list' ? plans.some(fits) : plans.length > 0 && plans.every(fits);
    if (!isFit)
      flaws.push(
        `${name}: ${plans.map((plan) => [...plan.indexes].join(', ')).join(' / ') || 'did not run'}`,
      );
  }
  return flaws;
}

const must = async (work: Promise<Answer>, status: number): Promise<Answer> => {
  const answer = await work;
  expect([answer.status, answer.status === status ? '' : answer.body]).toEqual([status, '']);
  return answer;
};

const downloads = (call: string, status: number) =>
  must(app.request('POST', `/api/v1/download/${call}`, { body: installed.asks }), status);

const verifies = async () => {
  await loadLinks(run, MILLION / 2);
  await loadStrangers(run, some.auditId);
};

const FACTS = [
  'license_keys_pkey',
  'licenses_pkey',
  'activations_seat_idx',
  'releases_version_key',
  'blocklist_hardware_id_key',
];
const LOCKED = {
  'lock-license-by-key': ['license_keys_pkey', 'licenses_pkey'],
  'license-facts-by-key': FACTS,
};

const flawsOf = async (text: string) => (await planFor(client, { name: null, text, values: [] })).flaws;

it('a statement without an index is noticed, and so is one that goes through a whole index', async () => {
  expect(await flawsOf(`select id from activations where hostname = 'none'`)).toContain(
    'reads all of activations',
  );
  expect(await flawsOf('select count(*) from licenses')).toHaveLength(1);
  const rare = `select id from licenses where metadata = '{"a": 1}' order by created_at, id limit 1`;
  expect(await flawsOf(rare)).not.toEqual([]);
  expect(await flawsOf('select id from licenses order by created_at, id limit 1')).toEqual([]);
  const byKey = { name: 'by-key', text: 'select id from activations where id = $1' };
  const runs = () => run(byKey, [some.customerId]);
  expect(await unfit(runs, { 'by-key': ['activations_pkey'] })).toEqual([]);
  expect(await unfit(runs, { 'by-key': ['other_idx'], absent: [] })).toEqual([
    'by-key: activations_pkey / activations_pkey',
    'absent: did not run',
  ]);
});

describe('a panel', () => {
  let key: string;
  const hardware = hardwareId();
  beforeAll(async () => {
    ({ key } = await app.sell({
      license: { max_activations: 2 },
      policy: { release_seat_after_days: 30, rebind_quota: 9 },
    }));
  });
  const panel = (action: Parameters<TestApp['panel']>[0], status: number, more: object = {}) =>
    must(app.panel(action, panelBody(key, hardware, more)), status);

  it.each([1, 8, 64])('that asks together with others, %i in all', async (count) => {
    const asked = Array.from({ length: count }, (_, i) => ({
      by: { keyHash: Buffer.alloc(32, i) },
      hardwareId: hardware,
      precedence: '1.0.0',
      now: clock.now(),
    }));
    expect(
      await unfit(() => loadLicenseFactsTogether(run, asked), { 'license-facts-by-keys': FACTS }),
    ).toEqual([]);
  });

  it('that activates, for the first time and again', async () => {
    expect(
      await unfit(() => panel('activate', 201), {
        'lock-free-licenses': ['license_keys_pkey', 'licenses_pkey'],
        'license-facts-by-keys': FACTS,
        'last-lease-sequences': ['activations_history_idx'],
        'take-seats': ['licenses_pkey', 'customers_pkey'],
        'record-audits': [],
      }),
    ).toEqual([]);
    expect(await unfit(() => panel('activate', 200), LOCKED)).toEqual([]);
  });

  it('that phones home, with a lease that is fresh and with one that is renewed', async () => {
    expect(await unfit(() => panel('validate', 200), { 'license-facts-by-keys': FACTS })).toEqual([]);
    const sightings = app.nest.get(Sightings, { strict: false });
    expect(await unfit(() => sightings.flush(), { 'note-sightings-skip': ['activations_pkey'] })).toEqual([]);
    clock.advance({ hours: 2 });
    expect(
      await unfit(() => panel('validate', 200), {
        'license-facts-by-keys': FACTS,
        'save-check-ins': ['activations_pkey'],
      }),
    ).toEqual([]);
  });

  it('that is unknown', async () => {
    expect(
      await unfit(() => must(app.panel('validate', panelBody('UNKNOWN-1', hardware)), 401), {
        'license-facts-by-keys': FACTS,
      }),
    ).toEqual([]);
  });

  it('that activates where the license is full', async () => {
    await must(app.panel('activate', panelBody(key, hardwareId())), 201);
    expect(
      await unfit(() => must(app.panel('activate', panelBody(key, hardwareId())), 403), {
        ...LOCKED,
        'hold-active-seats': ['activations_seat_idx'],
      }),
    ).toEqual([]);
  });

  it('that moves, and that gives its seat back', async () => {
    const moved = { previous_hardware_id: hardware, hardware_id: hardwareId() };
    expect(
      await unfit(() => panel('rebind', 200, moved), {
        ...LOCKED,
        'seat-of-hardware': ['activations_seat_idx'],
        'rebind-history': ['rebinds_license_id_idx', 'blocklist_hardware_id_key'],
        'release-seats': ['activations_pkey'],
        'record-rebind': [],
      }),
    ).toEqual([]);
    expect(
      await unfit(() => panel('deactivate', 200, { hardware_id: moved.hardware_id }), {
        'release-seats': ['activations_pkey'],
      }),
    ).toEqual([]);
  });

  it('that shares its identity with another', async () => {
    const body = panelBody(installed.key, installed.hardware);
    const { lease } = (await must(app.panel('validate', body), 200)).body;
    const { jti } = JSON.parse(Buffer.from(lease.split('.')[1], 'base64url').toString());
    await must(app.panel('validate', { ...body, lease_id: jti }), 200);
    expect(
      await unfit(() => must(app.panel('validate', body), 200), { 'mark-clone': ['activations_pkey'] }),
    ).toEqual([]);
  });

  it('that looks for an update, is given a token and fetches the file', async () => {
    expect(
      await unfit(() => downloads('check-update', 200), {
        'license-facts-by-keys': FACTS,
        'published-releases': ['releases_version_key'],
      }),
    ).toEqual([]);
    let path = '';
    const token = async () => {
      path = new URL((await downloads('token', 201)).body.url).pathname;
    };
    expect(
      await unfit(token, {
        'sweep-download-tokens': ['download_tokens_expires_at_idx'],
        'insert-download-token': ['licenses_pkey'],
      }),
    ).toEqual([]);
    expect(
      await unfit(() => must(app.request('GET', path), 200), {
        'files-of-download-tokens': [
          'download_tokens_pkey',
          'licenses_pkey',
          'artifacts_pkey',
          'activations_pkey',
        ],
      }),
    ).toEqual([]);
  });

  it('whose license is asked about by its id', async () => {
    expect(
      await unfit(
        () =>
          loadLicenseFacts(run, {
            by: { licenseId: some.licenseId },
            hardwareId: hardware,
            precedence: '1.0.0',
            now: clock.now(),
          }),
        { 'license-facts-by-id': ['license_keys_license_id_idx', 'licenses_pkey', 'activations_seat_idx'] },
      ),
    ).toEqual([]);
  });
});

describe('who comes in', () => {
  it('with a password, with a session, and leaves', async () => {
    let token = '';
    const comes = async () => {
      token = (await login(app, 'admin', app.password)).body.token;
    };
    expect(
      await unfit(comes, {
        'login-facts': ['users_username_idx'],
        'network-failures': ['failed_proofs_pkey'],
        'sweep-sessions': ['sessions_expires_at_idx'],
      }),
    ).toEqual([]);
    const headers = bearer(token);
    expect(
      await unfit(() => must(app.request('GET', '/api/v1/auth/me', { headers }), 200), {
        'session-by-hash': ['sessions_pkey', 'users_pkey'],
      }),
    ).toEqual([]);
    expect(
      await unfit(() => app.request('POST', '/api/v1/auth/logout', { headers }), {
        'close-session': ['sessions_user_id_idx'],
      }),
    ).toEqual([]);
  });

  it('with an API key, and asks for the same thing twice', async () => {
    const body = { product: installed.product.code, policy: installed.policy.code };
    const sells = () => must(app.admin('POST', '/licenses', body, { 'idempotency-key': 'once' }), 201);
    expect(
      await unfit(sells, {
        'api-key-by-hash': ['api_keys_hash_key'],
        'find-idempotent-answer': ['idempotency_keys_pkey'],
        'license-views': ['licenses_pkey', 'license_keys_current_idx', 'activations_seat_idx'],
      }),
    ).toEqual([]);
    expect(await unfit(sells, { 'find-idempotent-answer': ['idempotency_keys_pkey'] })).toEqual([]);
  });
});

describe('a list', () => {
  const VIEWS = { 'license-views': ['licenses_pkey', 'license_keys_current_idx', 'activations_seat_idx'] };
  const EVENTS = { 'audit-views': ['audit_events_pkey', 'audit_personal_pkey', 'audit_chain_event_id_key'] };
  const deliveries = `/webhooks/${WEBHOOK_ID}/deliveries`;

  it.each([
    ['/licenses', 'licenses_created_at_idx', VIEWS],
    ['/licenses?sort=created_at&page=40', 'licenses_created_at_idx', VIEWS],
    ['/licenses?sort=updated_at', 'licenses_updated_at_idx', VIEWS],
    ['/licenses?sort=-updated_at', 'licenses_updated_at_idx', VIEWS],
    ['/licenses?sort=expires_at', 'licenses_expires_at_idx', VIEWS],
    ['/licenses?sort=-expires_at', 'licenses_expires_at_idx', VIEWS],
    ['/licenses?sort=-updates_until', 'licenses_updates_until_idx', VIEWS],
    ['/licenses?product=scale', 'licenses_product_id_idx', VIEWS],
    ['/licenses?product=rare', 'licenses_product_id_idx', VIEWS],
    ['/licenses?product=unsold', 'licenses_product_id_idx', {}],
    ['/licenses?policy=scale-1', 'licenses_policy_id_idx', VIEWS],
    ['/licenses?status=revoked', 'licenses_status_idx', VIEWS],
    [`/licenses?customer_id=${some.customerId}`, 'licenses_customer_id_idx', VIEWS],
    [`/licenses/${some.licenseId}/activations`, 'activations_seat_idx', {}],
    [`/licenses/${some.licenseId}/activations?released=true`, 'activations_history_idx', {}],
    ['/customers', 'customers_created_at_idx', {}],
    ['/customers?email=c500@example.test', 'customers_email_idx', {}],
    ['/users', 'users_created_at_idx', {}],
    [`/users?customer_id=${some.customerId}`, 'users_customer_id_idx', {}],
    ['/audit', 'audit_events_occurred_at_idx', EVENTS],
    ['/audit?sort=occurred_at', 'audit_events_occurred_at_idx', EVENTS],
    ['/audit?action=license.revoked', 'audit_events_action_idx', EVENTS],
    ['/audit?actor_type=panel', 'audit_events_occurred_at_idx', EVENTS],
    ['/audit?actor_type=user', 'audit_events_actor_type_idx', EVENTS],
    ['/audit?request_id=req-5', 'audit_events_request_id_idx', EVENTS],
    [`/audit?actor_id=${some.licenseId}`, 'audit_events_actor_idx', EVENTS],
    [`/audit?subject_type=license&subject_id=${some.licenseId}`, 'audit_events_subject_idx', EVENTS],
    [deliveries, 'webhook_deliveries_webhook_id_idx', {}],
    [`${deliveries}?status=delivered`, 'webhook_deliveries_webhook_id_idx', {}],
    [`${deliveries}?status=failed`, 'webhook_deliveries_failed_idx', {}],
    [`${deliveries}?event_id=${some.customerId}`, 'webhook_deliveries_event_key', {}],
    ['/stats/expiring', 'licenses_expires_at_idx', VIEWS],
    ['/stats/clones', 'activations_clones_idx', {}],
  ])('%s', async (path, index, by) => {
    expect(await unfit(() => must(app.admin('GET', path), 200), { list: [index], ...by })).toEqual([]);
  });

  it('of the license that a key is of', async () => {
    const path = `/licenses?q=${installed.key}`;
    expect(
      await unfit(() => must(app.admin('GET', path), 200), { list: ['license_keys_pkey'], ...VIEWS }),
    ).toEqual([]);
  });
});

describe('what is counted', () => {
  it('of licenses and seats is told as the clock counted it', async () => {
    await app.nest.get(LicenseDayJob, { strict: false }).save();
    const figures = { 'kept-license-figures': ['license_days_pkey'] };
    const attention = { 'stats-attention': ['licenses_expires_at_idx', 'activations_clones_idx'] };
    const get = (path: string) => () => must(app.admin('GET', path), 200);
    expect(await unfit(get('/stats'), { ...figures, ...attention })).toEqual([]);
    expect(await unfit(get('/stats/seats'), { ...figures, 'license-days': ['license_days_pkey'] })).toEqual(
      [],
    );
    expect(await unfit(get('/stats/versions'), { 'kept-field-by-seats-DESC': [] })).toEqual([]);
  });

  it('is added up and read day by day', async () => {
    const counts = app.nest.get(VerdictCounts, { strict: false });
    expect(await unfit(() => counts.flush(), { 'add-verdict-counts': [] })).toEqual([]);
    for (const path of ['/stats/validations', '/stats/refusals']) {
      expect(
        await unfit(() => must(app.admin('GET', path), 200), {
          'verdict-counts': ['verdict_counts_pkey'],
        }),
      ).toEqual([]);
    }
  });
});

describe('what runs by itself', () => {
  it('seals the audit log', async () => {
    expect(
      await unfit(() => app.nest.get(Sealer, { strict: false }).seal(), {
        'audit-chain-head': ['audit_chain_pkey', 'audit_events_pkey'],
        'audit-link-hash': ['audit_chain_pkey'],
        'unsealed-audit': ['audit_events_pkey', 'audit_chain_event_id_key'],
        'append-audit-links': [],
      }),
    ).toEqual([]);
  });

  it('verifies it page by page', async () => {
    expect(
      await unfit(verifies, {
        'audit-links': ['audit_chain_pkey', 'audit_events_pkey', 'audit_personal_pkey'],
        'audit-strangers': ['audit_events_pkey', 'audit_chain_event_id_key'],
      }),
    ).toEqual([]);
  });

  it('hands out what receivers are told', async () => {
    const relay = app.nest.get(Relay, { strict: false });
    expect(
      await unfit(() => relay['tick'](), {
        'undispatched-events': ['events_undispatched_idx'],
        'take-unserved-webhooks': ['webhook_deliveries_due_idx'],
      }),
    ).toEqual([]);
    const now = clock.now();
    expect(
      await unfit(() => takeDelivery(run, WEBHOOK_ID, { now, until: now }), {
        'take-webhook-delivery': ['webhook_deliveries_due_idx'],
      }),
    ).toEqual([]);
  });

  it('tells of licenses that end, and looks for seats that nobody uses', async () => {
    const notices = app.nest.get(ExpiryNotices, { strict: false });
    expect(
      await unfit(() => notices['tellSome'](clock.now(), null), {
        'claim-license-notices': ['licenses_expires_at_idx', 'license_notices_pkey'],
      }),
    ).toEqual([]);
    const page = { after: some.licenseId, now: clock.now(), limit: 1_000 };
    expect(
      await unfit(() => pageOfLicenses(run, page), {
        'page-of-stale-licenses': ['licenses_pkey', 'activations_seat_idx'],
      }),
    ).toEqual([]);
  });

  it('throws away what is over', async () => {
    const cleanUp = app.nest.get(CleanUp, { strict: false });
    expect(
      await unfit(() => cleanUp.sweep(), {
        'sweep-all-sessions': ['sessions_expires_at_idx', 'sessions_pkey'],
        'sweep-all-sso_nonces': ['sso_nonces_expires_at_idx', 'sso_nonces_pkey'],
        'sweep-all-download_tokens': ['download_tokens_expires_at_idx', 'download_tokens_pkey'],
        'sweep-all-idempotency_keys': ['idempotency_keys_expires_at_idx', 'idempotency_keys_pkey'],
        'sweep-all-license_keys': ['license_keys_expires_at_idx', 'license_keys_pkey'],
        'sweep-network-failures': ['failed_proofs_since_idx'],
      }),
    ).toEqual([]);
    const retention = app.nest.get(WebhookRetention, { strict: false });
    expect(
      await unfit(() => retention.run(), {
        'delete-old-events': ['events_pkey', 'events_occurred_at_idx', 'webhook_deliveries_event_key'],
        'delete-old-refusal-notices': ['refusal_notices_hour_idx'],
      }),
    ).toEqual([]);
  });

  it('tells a customer everything, and forgets it', async () => {
    const customer = `/customers/${some.customerId}`;
    expect(
      await unfit(() => must(app.admin('GET', `${customer}/export`), 200), {
        'license-batch-of-customer': ['licenses_customer_id_idx'],
        'export-events-of-customer': [],
        'export-events-of-licenses': ['audit_events_subject_idx'],
      }),
    ).toEqual([]);
    expect(
      await unfit(() => must(app.admin('POST', `${customer}/erase`, {}), 200), {
        'erase-seats': ['activations_history_idx'],
        'former-users-of-customer': ['users_pkey'],
        'erase-events-of-customer': ['audit_personal_pkey', 'events_pkey'],
      }),
    ).toEqual([]);
  });
});
