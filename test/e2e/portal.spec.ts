import { randomUUID } from 'node:crypto';
import { hardwareId, panelBody, startApp, type Answer, type TestApp } from '../setup/app.js';
import { addUser, bearer, tokenOf } from '../setup/people.js';
import { askToken, draft, fetchFile, release } from '../setup/releases.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await app.sql(
    `insert into webhooks (id, url, events, enabled, sealed_secret, created_at, updated_at)
     values ($1, 'https://receiver.example.test', '{activation.*}', true, '', now(), now())`,
    [randomUUID()],
  );
});
afterAll(() => app.stop());

type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** Calls of the portal by a new user; without a customer of nobody's. */
async function visitor(customerId: string | null, role = 'customer'): Promise<{ ask: Ask; user: any }> {
  const user = await addUser(app, { role, customerId });
  const headers = bearer(await tokenOf(app, user));
  return {
    user,
    ask: (method, path, body) => app.request(method, `/api/v1/portal${path}`, { body, headers }),
  };
}

/** A customer with a license, one of its users, and a panel on a seat. */
async function household(given: { license?: object } = {}) {
  const customer = await app.must('POST', '/customers', { name: 'Harbour Hosting' });
  const sold = await app.sell({
    license: { customer_id: customer.id, max_activations: 3, ...given.license },
  });
  const hardware = hardwareId();
  const usage = { accounts: 10, domains: 7 };
  const { body } = await app.panel(
    'activate',
    panelBody(sold.key, hardware, { hostname: 'a.example.test', platform: 'linux', usage }),
  );
  return { customer, ...sold, hardware, seat: body.activation, ...(await visitor(customer.id)) };
}

const LINUX = { platform: 'linux', arch: 'x64' };

const refusal = (status: number, code: string, error: string) => ({
  success: false,
  code,
  error,
  message: error,
  status,
});

describe('the licenses of a customer', () => {
  it('are listed, and what the vendor keeps for itself is not told', async () => {
    const { ask, license, product, policy } = await household({ license: { metadata: { margin: 1 } } });
    await app.must('POST', `/licenses/${license.id}/suspend`, { reason: 'A hopeless payer' });
    await app.sell();
    const { status, body } = await ask('GET', '/licenses');
    const { key: _, ...stored } = license;
    expect([status, body]).toEqual([
      200,
      {
        success: true,
        data: [
          {
            id: license.id,
            key: expect.stringMatching(/^PANEL-\*\*\*\*-/),
            product: product.code,
            tier: policy.code,
            status: 'suspended',
            limits: stored.limits,
            features: stored.features,
            max_activations: 3,
            activations: 1,
            expires_at: null,
            updates_until: null,
            created_at: stored.created_at,
          },
        ],
        meta: { total: 1, per_page: 50, current_page: 1, last_page: 1 },
      },
    ]);
    expect((await ask('GET', '/licenses?q=hopeless')).body.data).toEqual([]);
  });

  it('come in pages, sorted, searched and filtered like any list', async () => {
    const { ask, customer, license, product } = await household();
    app.clock.advance({ seconds: 1 });
    const { license: newer } = await app.sell({ license: { customer_id: customer.id } });
    const ids = async (query: string) =>
      (await ask('GET', `/licenses?${query}`)).body.data.map(({ id }: any) => id);
    expect(await ids('')).toEqual([newer.id, license.id]);
    expect(await ids('sort=created_at&per_page=1&page=2')).toEqual([newer.id]);
    expect(await ids(`q=${product.code}`)).toEqual([license.id]);
    expect(await ids(`product=${product.code}`)).toEqual([license.id]);
    expect(await ids('status=revoked')).toEqual([]);
    const bad = await ask('GET', '/licenses?customer_id=x');
    const sentence = 'The customer id field is prohibited.';
    expect([bad.status, bad.body]).toEqual([400, refusal(400, 'VALIDATION_ERROR', sentence)]);
  });

  it('are told one by one, with seats and what they use together', async () => {
    const { ask, license, key, seat, hardware } = await household();
    const usage = { accounts: 1, mailboxes: 2 };
    await app.panel('activate', panelBody(key, hardwareId(), { hostname: 'b.example.test', usage }));
    const gone = hardwareId();
    await app.panel('activate', panelBody(key, gone));
    await app.panel('deactivate', panelBody(key, gone));
    const { status, body } = await ask('GET', `/licenses/${license.id}?sort=hostname&per_page=1`);
    expect([status, body]).toEqual([
      200,
      {
        success: true,
        data: expect.objectContaining({
          id: license.id,
          activations: 2,
          usage: { accounts: 11, domains: 7, mailboxes: 2 },
          seats: [
            {
              id: seat.id,
              hardware_id: hardware,
              hostname: 'a.example.test',
              platform: 'linux',
              arch: null,
              version: '1.0.0',
              usage: { accounts: 10, domains: 7 },
              last_seen_ip: '127.0.0.1',
              activated_at: seat.activated_at,
              last_seen_at: seat.last_seen_at,
              offline_until: null,
              released_at: null,
            },
          ],
        }),
        meta: { total: 2, per_page: 1, current_page: 1, last_page: 2 },
      },
    ]);
  });
});

describe('a seat that its customer frees', () => {
  it('is free at once, with its tokens, its event, and who did it', async () => {
    const { ask, license, product, key, hardware, seat, user, customer } = await household();
    await release(app, product, { version: '1.1.0' });
    const asks = { license_key: key, hardware_id: hardware, current_version: '1.0.0' };
    const { token } = (await askToken(app, asks)).body;
    expect((await fetchFile(app, token)).status).toBe(200);
    const path = `/licenses/${license.id}/activations/${seat.id}`;
    const { status, body } = await ask('DELETE', path);
    expect([status, body.data]).toEqual([
      200,
      expect.objectContaining({ id: seat.id, released_at: app.clock.now().toISOString() }),
    ]);
    expect((await app.panel('validate', panelBody(key, hardware))).body.code).toBe('HARDWARE_MISMATCH');
    expect((await fetchFile(app, token)).status).toBe(401);
    const [event] = await app.sql(
      `select e.actor_type, e.actor_id, e.details, p.data as personal, o.customer_id as told
       from audit_events e left join audit_personal p on p.event_id = e.id left join events o on o.id = e.id
       where e.action = 'activation.released' and e.subject_id = $1`,
      [seat.id],
    );
    expect(event).toMatchObject({
      actor_type: 'user',
      actor_id: user.id,
      details: {
        license_id: license.id,
        hardware_id: hardware,
        reason: 'customer',
        customer_id: customer.id,
      },
      personal: { address: '127.0.0.1' },
      told: customer.id,
    });
    const [seen] = await app.must('GET', `/licenses/${license.id}/activations?released=true`);
    expect(seen).toMatchObject({ id: seat.id, release_reason: 'customer' });
    expect((await ask('DELETE', path)).body).toEqual(refusal(404, 'NOT_FOUND', 'Activation not found'));
  });

  it('is not that of a panel that works offline, until its lease ends', async () => {
    const { ask, license } = await household();
    const lease = await app.must('POST', `/licenses/${license.id}/activations`, {
      hardware_id: hardwareId(),
      version: '1.0.0',
      valid_days: 30,
    });
    const free = () => ask('DELETE', `/licenses/${license.id}/activations/${lease.activation.id}`);
    const { status, body } = await free();
    expect([status, body]).toEqual([
      409,
      refusal(409, 'CONFLICT', 'The seat is held by a lease that works offline.'),
    ]);
    app.clock.set(lease.activation.offline_until);
    const again = await visitor(license.customer_id);
    const later = await again.ask('DELETE', `/licenses/${license.id}/activations/${lease.activation.id}`);
    expect(later.status).toBe(200);
  });

  it('is one of that license', async () => {
    const { ask, license, customer } = await household();
    const other = await app.sell({ license: { customer_id: customer.id } });
    const { body } = await app.panel('activate', panelBody(other.key, hardwareId()));
    for (const id of [body.activation.id, randomUUID(), 'x']) {
      const answer = await ask('DELETE', `/licenses/${license.id}/activations/${id}`);
      expect(answer.body).toEqual(refusal(404, 'NOT_FOUND', 'Activation not found'));
    }
  });
});

describe('what a license covers', () => {
  it('is listed, the newest first, with what it says of itself and its files', async () => {
    const { ask, license, product } = await household({ license: { updates_until: '2027-02-01T00:00:00Z' } });
    const early = { released_at: '2027-01-01T00:00:00Z' };
    await release(app, product, { version: '1.0.0', changelog: 'The first.', ...early }, [LINUX, {}]);
    await release(app, product, { version: '1.1.0', ...early, minimum_upgrade_version: '1.0.0' });
    await release(app, product, { version: '1.2.0', ...early, rollout_percent: 50 });
    await release(app, product, { version: '1.3.0', ...early, channel: 'beta' });
    await release(app, product, { version: '2.0.0' });
    await draft(app, product, { version: '1.4.0' });
    const { status, body } = await ask('GET', `/licenses/${license.id}/versions`);
    expect([status, body.meta]).toEqual([200, { total: 2, per_page: 50, current_page: 1, last_page: 1 }]);
    expect(body.data.map(({ version }: any) => version)).toEqual(['1.1.0', '1.0.0']);
    expect(body.data[1]).toEqual({
      version: '1.0.0',
      channel: 'stable',
      security: false,
      released_at: '2027-01-01T00:00:00.000Z',
      changelog: 'The first.',
      artifacts: expect.arrayContaining([
        { ...LINUX, filename: 'panel.tgz', size: 18, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        { platform: null, arch: null, filename: 'panel.tgz', size: 18, sha256: expect.any(String) },
      ]),
    });
    const beta = await ask('GET', `/licenses/${license.id}/versions?channel=beta&per_page=1`);
    expect(beta.body).toMatchObject({ data: [{ version: '1.3.0' }], meta: { total: 3, last_page: 3 } });
  });

  it('can be fetched with a token that holds no seat', async () => {
    const { ask, license, product } = await household();
    await release(app, product, { version: '1.0.0' }, [LINUX]);
    const { status, headers, body } = await ask('POST', `/licenses/${license.id}/downloads`, {
      version: '1.0.0',
      platform: 'Linux',
      arch: 'x64',
    });
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(body).toEqual({
      success: true,
      data: {
        token: expect.stringMatching(/^[\w-]{43}$/),
        url: `https://licenses.example.test/api/v1/download/file/${body.data.token}`,
        expires_in: 900,
        version: '1.0.0',
        filename: 'panel.tgz',
        size: 18,
        sha256: expect.any(String),
        signature: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      },
    });
    expect((await fetchFile(app, body.data.token)).body).toBe('the bytes of 1.0.0');
    const bound = await app.sql('select activation_id from download_tokens where license_id = $1', [
      license.id,
    ]);
    expect(bound).toEqual([{ activation_id: null }]);
    await app.must('POST', `/licenses/${license.id}/suspend`);
    expect((await fetchFile(app, body.data.token)).status).toBe(401);
  });

  it('is refused in proper sentences', async () => {
    const { ask, license, product } = await household({
      license: { updates_until: '2027-02-01T00:00:00Z', expires_at: '2028-01-01T00:00:00Z' },
    });
    await release(app, product, { version: '1.0.0', released_at: '2027-01-01T00:00:00Z' }, [LINUX]);
    await release(app, product, { version: '2.0.0' }, [LINUX]);
    await release(app, product, { version: '1.1.0', channel: 'beta' }, [LINUX]);
    const wants = async (body: object) =>
      (await ask('POST', `/licenses/${license.id}/downloads`, { ...LINUX, ...body })).body;
    expect(await wants({ version: '3.0.0' })).toEqual(refusal(404, 'NOT_FOUND', 'Version not found'));
    expect(await wants({ version: '1.1.0' })).toEqual(refusal(404, 'NOT_FOUND', 'Version not found'));
    expect(await wants({ version: '1.0.0', platform: 'plan9' })).toEqual(
      refusal(404, 'NOT_FOUND', 'Artifact not found'),
    );
    expect(await wants({ version: '2.0.0' })).toEqual(
      refusal(403, 'UPDATES_EXPIRED', 'Version is not covered by this license'),
    );
    expect(await wants({})).toEqual(refusal(400, 'VALIDATION_ERROR', 'The version field is required.'));

    const both = async () => [
      await wants({ version: '1.0.0' }),
      (await ask('GET', `/licenses/${license.id}/versions`)).body,
    ];
    const twice = (...args: Parameters<typeof refusal>) => [refusal(...args), refusal(...args)];
    await app.must('POST', `/licenses/${license.id}/suspend`);
    expect(await both()).toEqual(twice(403, 'SUSPENDED', 'License is suspended'));
    await app.must('POST', `/licenses/${license.id}/reinstate`);
    await app.must('PATCH', `/licenses/${license.id}`, { expires_at: app.clock.now().toISOString() });
    expect(await both()).toEqual(twice(403, 'EXPIRED', 'License has expired'));
    await app.must('POST', `/licenses/${license.id}/revoke`);
    expect(await both()).toEqual(twice(403, 'REVOKED', 'License has been revoked'));
    expect(await app.sql('select 1 from download_tokens where license_id = $1', [license.id])).toEqual([]);
  });
});

interface Route {
  readonly what: string;
  readonly method: string;
  /** Below the license; `seat` is one of its seats. */
  readonly below: (seat: string) => string;
  readonly body?: object;
}

/** Every route of the portal that names a license. */
const ROUTES: readonly Route[] = [
  { what: 'the license', method: 'GET', below: () => '' },
  { what: 'a seat', method: 'DELETE', below: (seat) => `/activations/${seat}` },
  { what: 'its versions', method: 'GET', below: () => '/versions' },
  { what: 'a download', method: 'POST', below: () => '/downloads', body: { version: '1.0.0', ...LINUX } },
];

/** Licenses that are not the visitor's, with a seat of each. */
const NOT_MINE = {
  'another customer’s': async () => {
    const { license, seat, product } = await household();
    await release(app, product, { version: '1.0.0' }, [LINUX]);
    return { id: license.id, seat: seat.id };
  },
  'one without a customer': async () => {
    const { license, key, product } = await app.sell();
    await release(app, product, { version: '1.0.0' }, [LINUX]);
    const { body } = await app.panel('activate', panelBody(key, hardwareId()));
    return { id: license.id, seat: body.activation.id };
  },
  'one that never was': async () => ({ id: randomUUID(), seat: randomUUID() }),
  'no id at all': async () => ({ id: 'x', seat: 'x' }),
} as const satisfies Record<string, () => Promise<{ id: string; seat: string }>>;

describe('a license that is not the visitor’s', () => {
  const cases = ROUTES.flatMap((route) =>
    (Object.keys(NOT_MINE) as (keyof typeof NOT_MINE)[]).map((whose) => ({ whose, route, what: route.what })),
  );

  it.each(cases)('$whose: $what is not found', async ({ whose, route: { method, below, body } }) => {
    const { id, seat } = await NOT_MINE[whose]();
    const before = await app.sql('select id, released_at from activations where id::text = $1', [seat]);
    const mine = await household();
    const nobodys = await visitor(null);
    for (const { ask } of [mine, nobodys]) {
      const answer = await ask(method, `/licenses/${id}${below(seat)}`, body);
      expect([answer.status, answer.body]).toEqual([404, refusal(404, 'NOT_FOUND', 'License not found')]);
    }
    expect(await app.sql('select id, released_at from activations where id::text = $1', [seat])).toEqual(
      before,
    );
    expect(await app.sql('select 1 from download_tokens where license_id::text = $1', [id])).toEqual([]);
  });

  it('is the same answer in every byte but what counts requests', async () => {
    const { ask } = await household();
    const shapes = [];
    for (const make of Object.values(NOT_MINE)) {
      const { id } = await make();
      const { headers, body } = await ask('GET', `/licenses/${id}`);
      const told = [...headers.keys()].filter((name) => name !== 'date').toSorted();
      shapes.push(JSON.stringify([told, body]));
    }
    expect(new Set(shapes).size).toBe(1);
  });

  it('is in no list', async () => {
    const [a, b] = [await household(), await household()];
    for (const query of ['', `?q=${b.product.code}`, `?product=${b.product.code}`, '?sort=status']) {
      const { body } = await a.ask('GET', `/licenses${query}`);
      expect(body.data.map(({ id }: any) => id).filter((id: string) => id !== a.license.id)).toEqual([]);
    }
    const nobodys = await visitor(null);
    expect((await nobodys.ask('GET', '/licenses')).body).toEqual({
      success: true,
      data: [],
      meta: { total: 0, per_page: 50, current_page: 1, last_page: 1 },
    });
  });

  it('is the visitor’s no longer once it has gone to another', async () => {
    const [a, b] = [await household(), await household()];
    await app.must('PATCH', `/licenses/${a.license.id}`, { customer_id: b.customer.id });
    const path = `/licenses/${a.license.id}`;
    expect((await a.ask('GET', path)).status).toBe(404);
    expect((await a.ask('DELETE', `${path}/activations/${a.seat.id}`)).status).toBe(404);
    expect((await b.ask('GET', path)).status).toBe(200);
  });
});

describe('the portal', () => {
  const list = { what: 'the list', method: 'GET', below: null, body: undefined };

  it.each([list, ...ROUTES])('is for customers alone: $what', async ({ method, below, body }) => {
    const { license, seat } = await household();
    const path = below === null ? '/licenses' : `/licenses/${license.id}${below(seat.id)}`;
    for (const role of ['admin', 'support']) {
      const { ask } = await visitor(null, role);
      const answer = await ask(method, path, body);
      expect([answer.status, answer.body]).toEqual([
        403,
        refusal(403, 'FORBIDDEN', 'The portal is for customers'),
      ]);
    }
    const credentials: Record<string, string>[] = [
      {},
      { 'x-admin-key': app.adminKey },
      bearer(app.adminKey),
      bearer('x'),
    ];
    for (const headers of credentials) {
      const answer = await app.request(method, `/api/v1/portal${path}`, { headers, body });
      expect([answer.status, answer.body]).toEqual([
        401,
        refusal(401, 'UNAUTHORIZED', 'Missing authorization'),
      ]);
    }
    expect((await app.must('GET', `/licenses/${license.id}`)).activations).toBe(1);
  });
});

describe('too many calls of the portal', () => {
  let limited: TestApp;
  beforeAll(async () => {
    limited = await startApp({ settings: { LIMIT_SESSION_PER_MINUTE: '1' } });
  });
  afterAll(() => limited.stop());

  it('are counted by address', async () => {
    const [first, second] = [
      await limited.request('GET', '/api/v1/portal/licenses'),
      await limited.request('GET', '/api/v1/portal/licenses'),
    ];
    expect(first.headers.get('x-ratelimit-limit')).toBe('1');
    const { status, body, headers } = second;
    expect([status, body, Number(headers.get('retry-after')) > 0]).toEqual([
      429,
      refusal(429, 'RATE_LIMITED', 'Too many requests'),
      true,
    ]);
  });
});
