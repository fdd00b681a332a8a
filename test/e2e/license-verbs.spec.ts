import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  // More than the calls that come at once: none has to wait for a connection.
  app = await startApp({ settings: { DATABASE_POOL_SIZE: '60' } });
});
afterAll(() => app.stop());

const events = (subjectId: string) =>
  app.sql(
    `select e.action, e.details, p.data from audit_events e left join audit_personal p on p.event_id = e.id
      where e.subject_id = $1 order by e.id`,
    [subjectId],
  );
const actions = async (subjectId: string) => (await events(subjectId)).map(({ action }) => action);
const keysOf = (licenseId: string) =>
  app.sql('select hint, expires_at from license_keys where license_id = $1 order by created_at, expires_at', [
    licenseId,
  ]);
const verb = (license: { id: string }, name: string, body?: object) =>
  app.admin('POST', `/licenses/${license.id}/${name}`, body);
const read = (license: { id: string }) => app.must('GET', `/licenses/${license.id}`);
const inDays = (days: number) => new Date(app.clock.now().getTime() + days * 86_400_000).toISOString();

const isAccepted = async (key: string, hardware: string) =>
  (await app.panel('validate', panelBody(key, hardware))).body.code ?? 'VALID';

describe('suspend, reinstate and revoke', () => {
  it('are seen by the very next call of a panel', async () => {
    const { license, key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    const code = async () => (await app.panel('validate', panelBody(key, hardware))).body.code ?? 'VALID';
    expect(await verb(license, 'suspend', { reason: 'Unpaid' })).toMatchObject({
      status: 200,
      body: { success: true, data: { status: 'suspended', status_reason: 'Unpaid', activations: 1 } },
    });
    expect(await code()).toBe('SUSPENDED');
    expect((await verb(license, 'reinstate')).body.data).toMatchObject({
      status: 'active',
      status_reason: null,
    });
    expect(await code()).toBe('VALID');
    expect((await verb(license, 'revoke', {})).body.data).toMatchObject({ status: 'revoked' });
    expect(await code()).toBe('REVOKED');
  });

  it('write down who did what, with the reason where it can be erased', async () => {
    const { license } = await app.sell();
    await verb(license, 'suspend', { reason: 'Chargeback by J. Doe' });
    await verb(license, 'revoke');
    const [, suspended, revoked] = await events(license.id);
    expect(suspended).toEqual({
      action: 'license.suspended',
      details: {
        changes: { status: { from: 'active', to: 'suspended' }, status_reason: { withheld: true } },
      },
      data: {
        reason: 'Chargeback by J. Doe',
        changes: { status_reason: { from: null, to: 'Chargeback by J. Doe' } },
        address: expect.any(String),
      },
    });
    expect(revoked).toMatchObject({
      action: 'license.revoked',
      details: { changes: { status: { from: 'suspended', to: 'revoked' } } },
    });
  });

  const after = {
    active: [],
    suspended: ['suspend'],
    revoked: ['revoke'],
  } as const;
  it.each([
    ['active', 'reinstate', 'The license is already active.'],
    ['suspended', 'suspend', 'The license is already suspended.'],
    ['revoked', 'revoke', 'The license is already revoked.'],
    ['revoked', 'suspend', 'A revoked license cannot be suspended.'],
    ['revoked', 'reinstate', 'A revoked license cannot be reinstated.'],
    ['revoked', 'rotate-key', 'A revoked license cannot be given a new key.'],
  ] as const)('on a license that is %s: %s is a conflict', async (status, name, error) => {
    const { license } = await app.sell();
    for (const step of after[status]) await verb(license, step);
    const before = await read(license);
    const answer = await verb(license, name);
    expect([answer.status, answer.body]).toEqual([409, { success: false, error, code: 'CONFLICT' }]);
    expect(await read(license)).toEqual(before);
    expect(await actions(license.id)).toHaveLength(1 + after[status].length);
  });

  it('take turns when fifty of them come at once', async () => {
    const { license } = await app.sell();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => verb(license, i % 2 ? 'reinstate' : 'suspend')),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
    const done = (await actions(license.id)).slice(1);
    // Whatever came first: every change that was answered is one step of a chain that alternates.
    expect(done).toHaveLength(answers.filter(({ status }) => status === 200).length);
    expect(done).toEqual(done.map((_, i) => (i % 2 ? 'license.reinstated' : 'license.suspended')));
    const expected = done.length % 2 ? 'suspended' : 'active';
    expect((await read(license)).status).toBe(expected);
  });

  it('refuse a reason that is too long or no text', async () => {
    const { license } = await app.sell();
    expect((await verb(license, 'suspend', { reason: 'x'.repeat(501) })).status).toBe(422);
    expect((await verb(license, 'suspend', { reason: 5 })).body.details).toEqual({
      reason: ['The reason field must be a string.'],
    });
    expect((await read(license)).status).toBe('active');
  });
});

describe('renew', () => {
  it('extends both dates, by the days asked for and by those of the policy', async () => {
    const { license } = await app.sell({ policy: { duration_days: 30, updates_days: 10 } });
    expect((await verb(license, 'renew', { days: 100 })).body.data).toMatchObject({
      expires_at: inDays(130),
      updates_until: inDays(20),
    });
    expect((await verb(license, 'renew')).body.data).toMatchObject({
      expires_at: inDays(160),
      updates_until: inDays(30),
    });
    expect((await events(license.id))[2]).toMatchObject({
      action: 'license.renewed',
      details: { changes: { expires_at: { from: inDays(130), to: inDays(160) } } },
    });
  });

  it('brings an expired license back to life from today', async () => {
    const { license, key } = await app.sell({ license: { expires_at: '2027-01-01T00:00:00Z' } });
    expect((await app.panel('activate', panelBody(key, hardwareId()))).body.code).toBe('EXPIRED');
    expect((await verb(license, 'renew', { days: 1 })).body.data.expires_at).toBe(inDays(1));
    expect((await app.panel('activate', panelBody(key, hardwareId()))).status).toBe(201);
  });

  it('needs to be told by how much where the policy does not say', async () => {
    const { license } = await app.sell({ license: { expires_at: '2027-06-01T00:00:00Z' } });
    const { status, body } = await verb(license, 'renew');
    expect([status, body.details]).toEqual([422, { days: ['The days field is required.'] }]);
    expect(await actions(license.id)).toEqual(['license.created']);
  });

  it('is a conflict where nothing ends', async () => {
    const { license } = await app.sell();
    const { status, body } = await verb(license, 'renew', { days: 30 });
    expect([status, body.error]).toEqual([409, 'The license has no end that could be extended.']);
  });

  it('adds up when ten come at once', async () => {
    const { license } = await app.sell({ license: { expires_at: inDays(1) } });
    await Promise.all(Array.from({ length: 10 }, () => verb(license, 'renew', { days: 10 })));
    expect((await read(license)).expires_at).toBe(inDays(101));
  });

  it.each([0, -1, 36_501, 1.5, '30'])('refuses %j days', async (days) => {
    const { license } = await app.sell({ license: { expires_at: inDays(1) } });
    expect((await verb(license, 'renew', { days })).status).toBe(422);
  });
});

describe('rotate-key', () => {
  it('replaces the key at once, and the seats stay', async () => {
    const { license, key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    const { status, headers, body } = await verb(license, 'rotate-key');
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body.data).toMatchObject({ id: license.id, activations: 1 });
    expect(body.data.key).toMatch(/^PANEL(-[0-9A-Z]{4}){5}$/);
    expect(await isAccepted(key, hardware)).toBe('INVALID_KEY');
    expect(await isAccepted(body.data.key, hardware)).toBe('VALID');
    const hint = `PANEL-****-${body.data.key.slice(-4)}`;
    expect((await read(license)).key).toBe(hint);
    expect(await keysOf(license.id)).toEqual([{ hint, expires_at: null }]);
    expect((await events(license.id))[1]).toMatchObject({
      action: 'license.key_rotated',
      details: { key: hint, overlap_hours: 0 },
    });
    expect(JSON.stringify(await events(license.id))).not.toContain(body.data.key);
  });

  it('accepts the old key as well for as long as the overlap lasts', async () => {
    const { license, key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    const { body } = await verb(license, 'rotate-key', { overlap_hours: 2 });
    app.clock.advance({ seconds: 2 * 3_600 - 1 });
    expect(await isAccepted(key, hardware)).toBe('VALID');
    app.clock.advance({ seconds: 1 });
    expect(await isAccepted(key, hardware)).toBe('INVALID_KEY');
    expect(await isAccepted(body.data.key, hardware)).toBe('VALID');
  });

  it('ends a longer overlap that an earlier rotation left, and never prolongs one', async () => {
    const { license, key: first } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(first, hardware));
    const { key: second } = (await verb(license, 'rotate-key', { overlap_hours: 1 })).body.data;
    const { key: third } = (await verb(license, 'rotate-key', { overlap_hours: 48 })).body.data;
    app.clock.advance({ hours: 1 });
    expect(await isAccepted(first, hardware)).toBe('INVALID_KEY');
    expect(await isAccepted(second, hardware)).toBe('VALID');
    const { key: fourth } = (await verb(license, 'rotate-key')).body.data;
    for (const key of [first, second, third]) expect(await isAccepted(key, hardware)).toBe('INVALID_KEY');
    expect(await isAccepted(fourth, hardware)).toBe('VALID');
    expect(await keysOf(license.id)).toHaveLength(1);
  });

  it('leaves one current key when ten come at once: the last one', async () => {
    const { license } = await app.sell();
    const answers = await Promise.all(Array.from({ length: 10 }, () => verb(license, 'rotate-key')));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(await keysOf(license.id)).toHaveLength(1);
    const codes = [];
    for (const { body } of answers)
      codes.push((await app.panel('activate', panelBody(body.data.key, hardwareId()))).status);
    expect(codes.filter((status) => status === 201)).toHaveLength(1);
    expect(codes.filter((status) => status === 401)).toHaveLength(9);
  });

  it.each([-1, 8_761, 0.5, '2'])('refuses an overlap of %j hours', async (overlap_hours) => {
    const { license } = await app.sell();
    expect((await verb(license, 'rotate-key', { overlap_hours })).status).toBe(422);
    expect(await keysOf(license.id)).toHaveLength(1);
  });
});
