import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const events = (subjectId: string) =>
  app.sql(
    `select e.action, e.details, p.data from audit_events e left join audit_personal p on p.event_id = e.id
      where e.subject_id = $1 order by e.id`,
    [subjectId],
  );
const actions = async (subjectId: string) => (await events(subjectId)).map(({ action }) => action);
const verb = (license: { id: string }, name: string, body?: object) =>
  app.admin('POST', `/licenses/${license.id}/${name}`, body);
const read = (license: { id: string }) => app.must('GET', `/licenses/${license.id}`);
const inDays = (days: number) => new Date(app.clock.now().getTime() + days * 86_400_000).toISOString();

describe('a license', () => {
  it('takes from the policy what it is not given', async () => {
    const { product, policy, license, key } = await app.sell({
      policy: {
        limits: { accounts: 10 },
        features: ['dns'],
        max_activations: 3,
        duration_days: 30,
        updates_days: 10,
        minimum_version: '0.9.0',
      },
    });
    expect(license).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{14}7[0-9a-f]{3}-/),
      key: expect.stringMatching(/^PANEL(-[0-9A-HJKMNP-TV-Z]{4}){5}$/),
      product: product.code,
      policy: policy.code,
      customer_id: null,
      status: 'active',
      status_reason: null,
      max_activations: 3,
      activations: 0,
      expires_at: inDays(30),
      updates_until: inDays(10),
      minimum_version: '0.9.0',
      limits: { accounts: 10 },
      features: ['dns'],
      metadata: {},
      created_at: app.clock.now().toISOString(),
      updated_at: app.clock.now().toISOString(),
    });
    expect(await read(license)).toEqual({ ...license, key: `PANEL-****-${key.slice(-4)}` });
  });

  it('of a policy that says nothing is perpetual and for one machine', async () => {
    const { license } = await app.sell();
    expect(license).toMatchObject({
      max_activations: 1,
      expires_at: null,
      updates_until: null,
      minimum_version: null,
      limits: {},
      features: [],
    });
  });

  it('has what it is given in place of what the policy says, even no end and a date that is past', async () => {
    const { license } = await app.sell({
      policy: {
        limits: { accounts: 10 },
        features: ['dns'],
        max_activations: 3,
        duration_days: 30,
        updates_days: 10,
      },
      license: {
        limits: { domains: -1 },
        features: [],
        max_activations: 1,
        expires_at: null,
        updates_until: '2020-01-01T00:00:00Z',
        minimum_version: '1.0.0',
        metadata: { order: { number: 7, tags: ['a', null] } },
      },
    });
    expect(await read(license)).toMatchObject({
      limits: { domains: -1 },
      features: [],
      max_activations: 1,
      expires_at: null,
      updates_until: '2020-01-01T00:00:00.000Z',
      minimum_version: '1.0.0',
      metadata: { order: { number: 7, tags: ['a', null] } },
    });
    expect((await read(license)).limits).toEqual({ domains: -1 });
  });

  it('shows its key once and stores it nowhere', async () => {
    const { product, policy } = await app.sell();
    const { headers, body } = await app.admin('POST', '/licenses', {
      product: product.code,
      policy: policy.code,
    });
    expect(headers.get('cache-control')).toBe('no-store');
    const { id, key } = body.data;
    const stored = await app.sql('select to_jsonb(k) as row from license_keys k where license_id = $1', [id]);
    expect(stored).toHaveLength(1);
    expect(JSON.stringify([stored, await events(id), await read({ id })])).not.toContain(key.slice(6, -5));
    expect((await events(id))[0]).toMatchObject({
      action: 'license.created',
      details: { product: product.code, policy: policy.code, key: `PANEL-****-${key.slice(-4)}` },
    });
  });

  it('is sold by the thousand, each with a key that activates', async () => {
    const { product, policy } = await app.sell();
    const body = { product: product.code, policy: policy.code, quantity: 1_000 };
    await app.sql('create table audit_statements (at timestamptz)');
    await app.sql(`create function count_statement() returns trigger language plpgsql as
      $$ begin insert into audit_statements values (now()); return null; end $$`);
    await app.sql(`create trigger count_statements after insert on audit_events
      for each statement execute function count_statement()`);
    const licenses = await app.must('POST', '/licenses', body);
    // One after the other they would be a thousand round trips, in the transaction and to whoever waits.
    expect(await app.sql('select count(*)::int as n from audit_statements')).toEqual([{ n: 1 }]);
    await app.sql('drop trigger count_statements on audit_events');
    expect(licenses).toHaveLength(1_000);
    expect(new Set(licenses.map(({ key }: any) => key)).size).toBe(1_000);
    expect(new Set(licenses.map(({ id }: any) => id)).size).toBe(1_000);
    const ids = licenses.map(({ id }: any) => id);
    const [audited] = await app.sql(
      `select count(*)::int as n from audit_events where action = 'license.created' and subject_id = any($1)`,
      [ids],
    );
    expect(audited.n).toBe(1_000);
    for (const { id, key } of [licenses[0], licenses[999]]) {
      const { status, body: answer } = await app.panel('activate', panelBody(key, hardwareId()));
      expect([status, answer.license?.id]).toEqual([201, id]);
    }
  });

  it('comes as an array whenever a quantity is asked for', async () => {
    const { product, policy } = await app.sell();
    const one = await app.must('POST', '/licenses', {
      product: product.code,
      policy: policy.code,
      quantity: 1,
    });
    expect(one).toEqual([expect.objectContaining({ key: expect.stringMatching(/^PANEL-/) })]);
  });

  it.each([
    [{ product: undefined }, { product: ['The product field is required.'] }],
    [{ product: 'none' }, { product: ['The selected product is invalid.'] }],
    [
      { product: 'none', policy: 'none' },
      { product: ['The selected product is invalid.'], policy: ['The selected policy is invalid.'] },
    ],
    [{ max_activations: 0 }, { max_activations: ['The max activations field must be at least 1.'] }],
    [{ expires_at: 'tomorrow' }, { expires_at: ['The expires at field must be a valid date.'] }],
    [{ expires_at: '2027-02-30T00:00:00Z' }, { expires_at: ['The expires at field must be a valid date.'] }],
    [{ updates_until: 5 }, { updates_until: ['The updates until field must be a valid date.'] }],
    [{ quantity: 0 }, { quantity: ['The quantity field must be at least 1.'] }],
    [{ quantity: 1_001 }, { quantity: ['The quantity field must not be greater than 1000.'] }],
    [{ metadata: [] }, { metadata: ['The metadata field must be an object.'] }],
    [{ metadata: { a: 'b\0' } }, { metadata: ['The metadata field format is invalid.'] }],
    [
      { metadata: { a: 'x'.repeat(16_384) } },
      { metadata: ['The metadata field must not be greater than 16384 bytes.'] },
    ],
    [{ limits: { 'a b': 1 } }, { limits: ['The limits field format is invalid.'] }],
    [{ features: 'dns' }, { features: ['The features field must be an array.'] }],
    [{ minimum_version: '1.0' }, { minimum_version: ['The minimum version field must be a valid version.'] }],
    [{ colour: 'red' }, { colour: ['The colour field is prohibited.'] }],
  ])('is not sold with %j', async (change, details) => {
    const { product, policy } = await app.sell();
    const body = { product: product.code, policy: policy.code, ...change };
    const answer = await app.admin('POST', '/licenses', body);
    expect(answer.status).toBe(422);
    expect(answer.body).toEqual({
      success: false,
      error: 'Validation failed',
      code: 'VALIDATION_ERROR',
      details,
    });
  });

  it('is not found under an id that is none, by any call', async () => {
    const hardware_id = hardwareId();
    const calls = [
      ['GET', ''],
      ['PATCH', '', {}],
      ['DELETE', ''],
      ...['suspend', 'reinstate', 'revoke', 'renew', 'rotate-key'].map((name) => ['POST', `/${name}`]),
      ['POST', '/explain', { action: 'validate', hardware_id, version: '1.0.0' }],
      ['GET', '/activations'],
      ['DELETE', '/activations'],
      ['DELETE', '/activations/x'],
      ['POST', '/activations', { hardware_id, version: '1.0.0', valid_days: 1 }],
    ] as [string, string, object?][];
    for (const id of ['nope', '0192f5c4-1f2e-7000-8000-000000000000']) {
      for (const [method, path, body] of calls) {
        const answer = await app.admin(method, `/licenses/${id}${path}`, body);
        expect([method, path, answer.status, answer.body]).toEqual([
          method,
          path,
          404,
          { success: false, error: 'License not found', code: 'NOT_FOUND' },
        ]);
      }
    }
  });
});

describe('the list of licenses', () => {
  it('is filtered, searched, sorted and paged, with seats in use and masked keys', async () => {
    const { product, policy, license, key } = await app.sell({
      license: { expires_at: '2030-01-01T00:00:00Z' },
    });
    await app.panel('activate', panelBody(key, hardwareId()));
    app.clock.advance({ seconds: 1 });
    const sold = { product: product.code, policy: policy.code };
    const later = await app.must('POST', '/licenses', { ...sold, expires_at: '2029-01-01T00:00:00Z' });
    const forever = await app.must('POST', '/licenses', sold);
    await verb(later, 'suspend', { reason: 'Unpaid invoice 7' });
    const listed = async (query: string) => {
      const { status, body } = await app.admin('GET', `/licenses?product=${product.code}&${query}`);
      expect(status).toBe(200);
      return body;
    };
    const ids = async (query: string) => (await listed(query)).data.map(({ id }: any) => id);
    expect(await ids('')).toEqual([forever.id, later.id, license.id]);
    expect(await ids('sort=expires_at')).toEqual([later.id, license.id, forever.id]);
    expect(await ids('sort=-expires_at')).toEqual([forever.id, license.id, later.id]);
    expect(await ids('sort=status')).toEqual([license.id, forever.id, later.id]);
    expect(await ids('sort=-status')).toEqual([later.id, forever.id, license.id]);
    expect(await ids('status=suspended')).toEqual([later.id]);
    expect(await ids('policy=none')).toEqual([]);
    expect(await ids('q=invoice%207')).toEqual([later.id]);
    expect(await ids(`q=${key.slice(-4)}`)).toEqual([license.id]);
    const { data, meta } = await listed('per_page=1&page=3');
    expect(meta).toEqual({ total: 3, per_page: 1, current_page: 3, last_page: 3 });
    expect(data).toEqual([{ ...license, key: `PANEL-****-${key.slice(-4)}`, activations: 1 }]);
    expect((await app.admin('GET', '/licenses?status=lost')).body.details).toEqual({
      status: ['The selected status is invalid.'],
    });
    expect((await app.admin('GET', '/licenses?key=x')).status).toBe(422);
  });

  it('finds a license by its whole key in any spelling, also by the one before', async () => {
    const { license, key } = await app.sell();
    await app.sell();
    const found = async (q: string) => {
      const { body } = await app.admin('GET', `/licenses?q=${encodeURIComponent(q)}`);
      return [body.meta.total, ...body.data.map(({ id }: any) => id)];
    };
    expect(await found(key)).toEqual([1, license.id]);
    expect(await found(`  ${key.toLowerCase()} `)).toEqual([1, license.id]);
    const { body } = await verb(license, 'rotate-key', { overlap_hours: 2 });
    expect(await found(key)).toEqual([1, license.id]);
    expect(await found(body.data.key)).toEqual([1, license.id]);
    const none = await found(`${key.slice(0, -9)}0000-0000`);
    expect(none).toEqual([0]);
    const { product } = license;
    const other = await app.admin('GET', `/licenses?product=not-${product}&q=${key}`);
    expect(other.body.meta.total).toBe(0);
  });
});

describe('a change of a license', () => {
  it('counts at once, and the audit log tells from what to what but not the metadata', async () => {
    const { license, key } = await app.sell({ policy: { limits: { accounts: 1 } } });
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    app.clock.advance({ seconds: 5 });
    const change = {
      max_activations: 2,
      expires_at: '2029-01-01T00:00:00.000Z',
      updates_until: '2028-01-01T00:00:00.000Z',
      minimum_version: '1.0.0',
      limits: { accounts: 2 },
      features: ['dns'],
      metadata: { contact: 'J. Doe' },
    };
    const changed = await app.must('PATCH', `/licenses/${license.id}`, change);
    expect(changed).toEqual({
      ...(await read(license)),
      ...change,
      activations: 1,
      updated_at: app.clock.now().toISOString(),
    });
    const { body } = await app.panel('validate', panelBody(key, hardware));
    expect(body.license).toMatchObject({ limits: { accounts: 2 }, features: ['dns'], max_activations: 2 });
    const [, event] = await events(license.id);
    expect(event).toMatchObject({
      action: 'license.updated',
      details: {
        changes: {
          max_activations: { from: 1, to: 2 },
          expires_at: { from: null, to: '2029-01-01T00:00:00.000Z' },
          updates_until: { from: null, to: '2028-01-01T00:00:00.000Z' },
          minimum_version: { from: null, to: '1.0.0' },
          limits: { from: { accounts: 1 }, to: { accounts: 2 } },
          features: { from: [], to: ['dns'] },
          metadata: { withheld: true },
        },
      },
    });
    expect(JSON.stringify(event)).not.toContain('Doe');
  });

  it('clears a date with null, and leaves no trace when nothing changes', async () => {
    const { license } = await app.sell({ license: { expires_at: '2029-01-01T00:00:00Z' } });
    const patch = (body: object) => app.must('PATCH', `/licenses/${license.id}`, body);
    expect(await patch({ expires_at: null })).toMatchObject({ expires_at: null });
    app.clock.advance({ seconds: 1 });
    const before = await read(license);
    for (const body of [{}, { expires_at: null }, { max_activations: 1, limits: {} }]) {
      expect(await patch(body)).toEqual(before);
    }
    expect(await actions(license.id)).toEqual(['license.created', 'license.updated']);
  });

  it('moves it to another policy, whose rules count at once while what was copied stays', async () => {
    const { license, key } = await app.sell({ policy: { limits: { accounts: 5 } } });
    const other = await app.must('POST', '/policies', {
      code: `other-${license.id}`,
      name: 'Other',
      minimum_version: '9.0.0',
      limits: { accounts: 50 },
    });
    const moved = await app.must('PATCH', `/licenses/${license.id}`, { policy: other.code });
    expect(moved).toMatchObject({ policy: other.code, limits: { accounts: 5 } });
    expect((await app.panel('activate', panelBody(key, hardwareId()))).body.code).toBe('VERSION_TOO_LOW');
    const refused = await app.admin('PATCH', `/licenses/${license.id}`, { policy: 'none' });
    expect([refused.status, refused.body.details]).toEqual([
      422,
      { policy: ['The selected policy is invalid.'] },
    ]);
  });

  it('keeps the seats in use working below a lowered limit, and gives out no other', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 3 } });
    const machines = [hardwareId(), hardwareId(), hardwareId()];
    for (const machine of machines) await app.panel('activate', panelBody(key, machine));
    const lowered = await app.must('PATCH', `/licenses/${license.id}`, { max_activations: 1 });
    expect(lowered).toMatchObject({ max_activations: 1, activations: 3 });
    for (const machine of machines) {
      expect((await app.panel('validate', panelBody(key, machine))).status).toBe(200);
    }
    expect((await app.panel('activate', panelBody(key, hardwareId()))).body.code).toBe('MAX_ACTIVATIONS');
  });

  it.each(['product', 'status', 'key', 'id', 'quantity'])('does not reach its %s', async (field) => {
    const { license } = await app.sell();
    const { status, body } = await app.admin('PATCH', `/licenses/${license.id}`, { [field]: 'x' });
    expect([status, body.details]).toEqual([422, { [field]: [`The ${field} field is prohibited.`] }]);
  });
});

describe('a license that is deleted', () => {
  it('is gone with its keys and seats, and stays in the audit log', async () => {
    const { product, policy, license, key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    const { status, body } = await app.admin('DELETE', `/licenses/${license.id}`);
    expect([status, body]).toEqual([200, { success: true, data: null }]);
    expect((await app.admin('GET', `/licenses/${license.id}`)).status).toBe(404);
    expect((await app.panel('validate', panelBody(key, hardware))).body.code).toBe('INVALID_KEY');
    for (const table of ['license_keys', 'activations']) {
      expect(await app.sql(`select 1 from ${table} where license_id = $1`, [license.id])).toEqual([]);
    }
    expect((await events(license.id)).at(-1)).toMatchObject({
      action: 'license.deleted',
      details: {
        product: product.code,
        policy: policy.code,
        key: `PANEL-****-${key.slice(-4)}`,
        activations: 1,
      },
    });
  });
});
