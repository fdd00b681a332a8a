import { randomBytes } from 'node:crypto';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const newCode = () => `t-${randomBytes(4).toString('hex')}`;
const make = (body: object = {}) => app.must('POST', '/policies', { code: newCode(), name: 'Tier', ...body });
const events = (subjectId: string) =>
  app.sql('select * from audit_events where subject_id = $1 order by id', [subjectId]);

describe('a policy', () => {
  it('that names nothing has the defaults', async () => {
    const code = newCode();
    const { status, body } = await app.admin('POST', '/policies', { code, name: 'Tier' });
    expect(status).toBe(201);
    expect(body).toEqual({
      success: true,
      data: {
        id: expect.any(String),
        code,
        name: 'Tier',
        limits: {},
        features: [],
        max_activations: null,
        duration_days: null,
        updates_days: null,
        minimum_version: null,
        lease: { refresh_after: 86_400, valid_for: 259_200, grace_for: 1_209_600 },
        release_seat_after_days: null,
        rebind_quota: 3,
        on_clone: 'report',
        created_at: '2027-03-01T12:00:00.000Z',
        updated_at: '2027-03-01T12:00:00.000Z',
      },
    });
    expect((await app.admin('GET', `/policies/${body.data.id}`)).body).toEqual(body);
  });

  it('keeps everything that it is given', async () => {
    const given = {
      limits: { accounts: 10, domains: -1, mail: 0 },
      features: ['backup', 'dns:write'],
      max_activations: 5,
      duration_days: 365,
      updates_days: 90,
      minimum_version: '2.0.0-rc.1',
      lease: { refresh_after: 1, valid_for: 1, grace_for: 315_360_000 },
      release_seat_after_days: 30,
      rebind_quota: 0,
      on_clone: 'refuse',
    };
    const policy = await make(given);
    expect(policy).toMatchObject(given);
    expect(policy.limits).toEqual(given.limits);
    const listed = await app.admin('GET', `/policies?code=${policy.code}`);
    expect(listed.body.data).toEqual([policy]);
  });

  it('names each feature once', async () => {
    expect(await make({ features: ['dns', 'backup', 'dns'] })).toMatchObject({ features: ['dns', 'backup'] });
  });

  it.each([
    [{ refresh_after: 3_600 }, [3_600, 259_200, 1_209_600]],
    [{ refresh_after: 300_000 }, [300_000, 300_000, 1_209_600]],
    [{ refresh_after: 2_000_000 }, [2_000_000, 2_000_000, 2_000_000]],
    [{ valid_for: 60 }, [60, 60, 1_209_600]],
    [{ valid_for: 2_000_000 }, [86_400, 2_000_000, 2_000_000]],
    [{ grace_for: 1 }, [1, 1, 1]],
    [{ refresh_after: 10, grace_for: 20 }, [10, 20, 20]],
  ])('with a lease of %j has defaults that fit', async (given, [refresh_after, valid_for, grace_for]) => {
    const { lease } = await make({ lease: given });
    expect(lease).toEqual({ refresh_after, valid_for, grace_for });
  });

  it.each([
    [
      { refresh_after: 300_000 },
      { 'lease.valid_for': ['The lease.valid for field must be at least 300000.'] },
    ],
    [
      { valid_for: 2_000_000 },
      { 'lease.grace_for': ['The lease.grace for field must be at least 2000000.'] },
    ],
    [{ valid_for: 60 }, { 'lease.valid_for': ['The lease.valid for field must be at least 86400.'] }],
  ])('keeps the lengths that it has: a change to %j is refused', async (lease, details) => {
    const policy = await make();
    const { status, body } = await app.admin('PATCH', `/policies/${policy.id}`, { lease });
    expect([status, body.details]).toEqual([422, details]);
    expect(await app.must('GET', `/policies/${policy.id}`)).toEqual(policy);
  });

  it('is changed field by field, and the audit log tells from what to what', async () => {
    const policy = await make({ limits: { accounts: 10 }, duration_days: 30 });
    const patch = (body: object) => app.must('PATCH', `/policies/${policy.id}`, body);
    expect(await patch({ limits: { accounts: 20 }, duration_days: null })).toMatchObject({
      limits: { accounts: 20 },
      duration_days: null,
    });
    expect(await patch({ lease: { valid_for: 1_000_000 } })).toMatchObject({
      lease: { refresh_after: 86_400, valid_for: 1_000_000, grace_for: 1_209_600 },
      rebind_quota: 3,
      on_clone: 'report',
    });
    await patch({ limits: { accounts: 20 } });
    const { code } = policy;
    expect((await events(policy.id)).map(({ action, details }) => [action, details])).toEqual([
      [
        'policy.created',
        {
          code,
          changes: expect.objectContaining({
            code: { from: null, to: code },
            limits: { from: null, to: { accounts: 10 } },
            duration_days: { from: null, to: 30 },
          }),
        },
      ],
      [
        'policy.updated',
        {
          code,
          changes: {
            limits: { from: { accounts: 10 }, to: { accounts: 20 } },
            duration_days: { from: 30, to: null },
          },
        },
      ],
      ['policy.updated', { code, changes: { valid_for_seconds: { from: 259_200, to: 1_000_000 } } }],
    ]);
  });

  it.each([
    [
      { refresh_after: 5_000, valid_for: 4_000, grace_for: 3_000 },
      {
        'lease.valid_for': ['The lease.valid for field must be at least 5000.'],
        'lease.grace_for': ['The lease.grace for field must be at least 4000.'],
      },
    ],
    [{ refresh_after: 0 }, { 'lease.refresh_after': ['The lease.refresh after field must be at least 1.'] }],
    [
      { grace_for: 315_360_001 },
      { 'lease.grace_for': ['The lease.grace for field must not be greater than 315360000.'] },
    ],
    [{ colour: 1 }, { 'lease.colour': ['The lease.colour field is prohibited.'] }],
  ])('is refused with a lease of %j, made or changed', async (lease, details) => {
    const made = await app.admin('POST', '/policies', { code: newCode(), name: 'Tier', lease });
    expect([made.status, made.body.details]).toEqual([422, details]);
    const policy = await make();
    const changed = await app.admin('PATCH', `/policies/${policy.id}`, { lease });
    expect([changed.status, changed.body.details]).toEqual([422, details]);
    expect(await app.must('GET', `/policies/${policy.id}`)).toEqual(policy);
  });

  it('is told of the length that was given, not of one that was not', async () => {
    const lease = { refresh_after: 500_000, grace_for: 400_000 };
    const { status, body } = await app.admin('POST', '/policies', { code: newCode(), name: 'Tier', lease });
    expect([status, body.details]).toEqual([
      422,
      { 'lease.grace_for': ['The lease.grace for field must be at least 500000.'] },
    ]);
  });

  it('keeps its lengths in order when two requests each change one of them', async () => {
    const policy = await make({ lease: { refresh_after: 1_000, valid_for: 2_000, grace_for: 9_000 } });
    const patch = (lease: object) => app.admin('PATCH', `/policies/${policy.id}`, { lease });
    const answers = await Promise.all([patch({ refresh_after: 1_900 }), patch({ valid_for: 1_100 })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
    const { lease } = await app.must('GET', `/policies/${policy.id}`);
    expect(lease.refresh_after).toBeLessThanOrEqual(lease.valid_for);
  });

  it.each([
    [{ code: 'a b' }, { code: ['The code field format is invalid.'] }],
    [{ limits: { accounts: -2 } }, { limits: ['The limits.accounts field must be at least -1.'] }],
    [{ limits: { accounts: 1.5 } }, { limits: ['The limits.accounts field must be an integer.'] }],
    [{ limits: [] }, { limits: ['The limits field must be an object.'] }],
    [{ features: ['ok', 'not ok'] }, { features: ['The features.1 field format is invalid.'] }],
    [{ max_activations: 0 }, { max_activations: ['The max activations field must be at least 1.'] }],
    [
      { max_activations: 2_147_483_648 },
      { max_activations: ['The max activations field must not be greater than 2147483647.'] },
    ],
    [{ duration_days: '30' }, { duration_days: ['The duration days field must be an integer.'] }],
    [{ updates_days: 0 }, { updates_days: ['The updates days field must be at least 1.'] }],
    [{ rebind_quota: -1 }, { rebind_quota: ['The rebind quota field must be at least 0.'] }],
    [
      { release_seat_after_days: 0 },
      { release_seat_after_days: ['The release seat after days field must be at least 1.'] },
    ],
    [{ on_clone: 'ignore' }, { on_clone: ['The selected on clone is invalid.'] }],
    [{ minimum_version: '1' }, { minimum_version: ['The minimum version field must be a valid version.'] }],
  ])('is refused with %j', async (change, details) => {
    const { status, body } = await app.admin('POST', '/policies', {
      code: newCode(),
      name: 'Tier',
      ...change,
    });
    expect(status).toBe(422);
    expect(body).toEqual({ success: false, error: 'Validation failed', code: 'VALIDATION_ERROR', details });
  });

  it('has a code that no other has', async () => {
    const { code } = await make();
    const { status, body } = await app.admin('POST', '/policies', { code, name: 'Tier' });
    expect(status).toBe(409);
    expect(body).toMatchObject({ error: 'The code has already been taken.', code: 'CONFLICT' });
  });

  it('stays while it has licenses, and is gone once deleted', async () => {
    const { policy, license } = await app.sell();
    const refused = await app.admin('DELETE', `/policies/${policy.id}`);
    expect([refused.status, refused.body]).toEqual([
      409,
      { success: false, error: 'The policy still has licenses.', code: 'CONFLICT' },
    ]);
    await app.must('DELETE', `/licenses/${license.id}`);
    expect((await app.admin('DELETE', `/policies/${policy.id}`)).body).toEqual({ success: true, data: null });
    const gone = await app.admin('GET', `/policies/${policy.id}`);
    expect([gone.status, gone.body.error]).toEqual([404, 'Policy not found']);
    expect((await events(policy.id)).map(({ action }) => action)).toEqual([
      'policy.created',
      'policy.deleted',
    ]);
  });

  it('is either deleted or used when both are tried at once', async () => {
    const { product } = await app.sell();
    for (let round = 0; round < 10; round++) {
      const policy = await make();
      const [deleted, sold] = await Promise.all([
        app.admin('DELETE', `/policies/${policy.id}`),
        app.admin('POST', '/licenses', { product: product.code, policy: policy.code }),
      ]);
      expect([`${deleted.status} ${sold.status}`]).toEqual([expect.stringMatching(/^(200 422|409 201)$/)]);
    }
  });
});

describe('what a policy says', () => {
  it('of rules is read live', async () => {
    const { policy, key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    await app.must('PATCH', `/policies/${policy.id}`, {
      lease: { refresh_after: 60, valid_for: 3_600, grace_for: 7_200 },
      minimum_version: '1.0.0',
    });
    const { body } = await app.panel('validate', panelBody(key, hardware));
    const inSeconds = (seconds: number) =>
      new Date(app.clock.now().getTime() + seconds * 1_000).toISOString().replace('.000Z', 'Z');
    expect(body.check_in).toMatchObject({ valid_until: inSeconds(3_600), grace_until: inSeconds(7_200) });
    await app.must('PATCH', `/policies/${policy.id}`, { minimum_version: '1.0.1' });
    expect((await app.panel('validate', panelBody(key, hardware))).body.code).toBe('VERSION_TOO_LOW');
  });

  it('of limits, features and dates is copied when a license is made', async () => {
    const { policy, license } = await app.sell({
      policy: {
        limits: { accounts: 5 },
        features: ['dns'],
        max_activations: 2,
        duration_days: 10,
        updates_days: 5,
      },
    });
    await app.must('PATCH', `/policies/${policy.id}`, {
      limits: { accounts: 50 },
      features: [],
      max_activations: 20,
      duration_days: 100,
      updates_days: 50,
    });
    expect(await app.must('GET', `/licenses/${license.id}`)).toMatchObject({
      limits: { accounts: 5 },
      features: ['dns'],
      max_activations: 2,
      expires_at: license.expires_at,
      updates_until: license.updates_until,
    });
  });
});
