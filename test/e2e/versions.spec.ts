import { startApp, type TestApp } from '../setup/app.js';
import { draft, release, storedFiles, upload } from '../setup/releases.js';

let app: TestApp;
let product: any;
beforeAll(async () => {
  app = await startApp();
});
beforeEach(async () => {
  ({ product } = await app.sell());
});
afterAll(() => app.stop());

const events = async (subjectId: string): Promise<string[]> =>
  (
    await app.sql('select action from audit_events where subject_id = $1 order by occurred_at, id', [
      subjectId,
    ])
  ).map(({ action }) => action);

const refusal = async (method: string, path: string, body?: unknown) => {
  const answer = await app.admin(method, path, body);
  return [answer.status, answer.body.code, answer.body.error];
};

describe('creating a version', () => {
  it('begins a draft with the defaults', async () => {
    const { status, body } = await app.admin('POST', '/versions', {
      product: product.code,
      version: '1.1.0',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      success: true,
      data: {
        id: expect.any(String),
        product: product.code,
        version: '1.1.0',
        channel: 'stable',
        status: 'draft',
        changelog: null,
        minimum_upgrade_version: null,
        mandatory: false,
        security: false,
        rollout_percent: 100,
        released_at: null,
        published_at: null,
        yanked_at: null,
        created_at: app.clock.now().toISOString(),
        updated_at: app.clock.now().toISOString(),
      },
    });
    expect((await app.admin('GET', `/versions/${body.data.id}`)).body).toEqual(body);
    expect(await events(body.data.id)).toEqual(['version.created']);
  });

  it('refuses one that the product has already, whatever its build', async () => {
    await draft(app, product, { version: '1.1.0' }, []);
    const { status, body } = await app.admin('POST', '/versions', {
      product: product.code,
      version: '1.1.0+build.2',
    });
    const error = 'The version has already been taken.';
    expect([status, body]).toMatchObject([409, { success: false, error, code: 'CONFLICT' }]);
    const { product: other } = await app.sell();
    await draft(app, other, { version: '1.1.0' }, []);
  });

  it.each([
    [{ product: 'no-such-product' }, { product: ['The selected product is invalid.'] }],
    [{ product: '' }, { product: ['The product field is required.'] }],
    [{ version: 'v2' }, { version: ['The version field must be a valid version.'] }],
    [{ channel: 'nightly' }, { channel: ['The selected channel is invalid.'] }],
    [
      { rollout_percent: 101 },
      { rollout_percent: ['The rollout percent field must not be greater than 100.'] },
    ],
    [{ released_at: 'soon' }, { released_at: ['The released at field must be a valid date.'] }],
    [
      { minimum_upgrade_version: '2.0.1' },
      { minimum_upgrade_version: ['The selected minimum upgrade version is invalid.'] },
    ],
    [{ status: 'published' }, { status: ['The status field is prohibited.'] }],
  ])('refuses %j', async (change, details) => {
    const { status, body } = await app.admin('POST', '/versions', {
      product: product.code,
      version: '2.0.0',
      ...change,
    });
    expect([status, body]).toEqual([
      422,
      { success: false, error: 'Validation failed', code: 'VALIDATION_ERROR', details },
    ]);
    expect(await app.sql('select 1 from releases where product_id = $1', [product.id])).toEqual([]);
  });
});

describe('changing a version', () => {
  it('changes what a draft says, and notes what was changed but not the changelog itself', async () => {
    const { id } = await draft(app, product, { version: '1.1.0' }, []);
    app.clock.advance({ seconds: 1 });
    const change = {
      channel: 'beta',
      changelog: 'Faster.',
      minimum_upgrade_version: '1.0.0',
      mandatory: true,
      security: true,
      rollout_percent: 10,
      released_at: '2027-01-01T00:00:00.000Z',
    };
    const data = await app.must('PATCH', `/versions/${id}`, change);
    expect(data).toMatchObject({ ...change, updated_at: app.clock.now().toISOString() });
    expect(await app.must('GET', `/versions/${id}`)).toEqual(data);
    const [{ details }] = await app.sql(
      "select details from audit_events where subject_id = $1 and action = 'version.updated'",
      [id],
    );
    expect(details).toMatchObject({
      product: product.code,
      version: '1.1.0',
      changes: { channel: { from: 'stable', to: 'beta' }, changelog: { withheld: true } },
    });
    expect(await app.must('PATCH', `/versions/${id}`, { changelog: null, released_at: '' })).toMatchObject({
      changelog: null,
      released_at: null,
      channel: 'beta',
    });
  });

  it('leaves no trace when nothing changes', async () => {
    const version = await draft(app, product, { version: '1.1.0' }, []);
    app.clock.advance({ seconds: 1 });
    expect(await app.must('PATCH', `/versions/${version.id}`, {})).toEqual(version);
    expect(await app.must('PATCH', `/versions/${version.id}`, { channel: 'stable' })).toEqual(version);
    expect(await events(version.id)).toEqual(['version.created']);
  });

  it('never changes product and version', async () => {
    const { id } = await draft(app, product, { version: '1.1.0' }, []);
    const { status, body } = await app.admin('PATCH', `/versions/${id}`, { product: 'x', version: '2.0.0' });
    expect(status).toBe(422);
    expect(Object.keys(body.details)).toEqual(['product', 'version']);
  });

  it('keeps what panels have acted upon once it is published', async () => {
    const { id } = await release(app, product, { version: '1.1.0', rollout_percent: 50 });
    const patch = (body: object) => refusal('PATCH', `/versions/${id}`, body);
    expect(await patch({ channel: 'beta' })).toEqual([
      409,
      'CONFLICT',
      "The channel of a published version can't be changed",
    ]);
    expect((await patch({ released_at: '2027-01-01T00:00:00Z' }))[0]).toBe(409);
    const change = { changelog: 'New.', mandatory: true, security: true, rollout_percent: 49 };
    expect(await app.must('PATCH', `/versions/${id}`, change)).toMatchObject(change);
  });

  it('pauses a rollout, and tells the log from what to what', async () => {
    const { id } = await release(app, product, { version: '1.1.0', rollout_percent: 50 });
    const paused = await app.must('POST', `/versions/${id}/rollout`, { rollout_percent: 0 });
    expect(paused.rollout_percent).toBe(0);
    const [{ details }] = await app.sql(
      "select details from audit_events where subject_id = $1 and action = 'version.rollout_changed'",
      [id],
    );
    expect(details.changes).toEqual({ rollout_percent: { from: 50, to: 0 } });
    await app.must('POST', `/versions/${id}/yank`);
    expect((await refusal('POST', `/versions/${id}/rollout`, { rollout_percent: 1 }))[0]).toBe(409);
  });

  it('grows a rollout, and takes no number that is none', async () => {
    const { id } = await release(app, product, { version: '1.1.0', rollout_percent: 1 });
    const { status, body } = await app.admin('POST', `/versions/${id}/rollout`, { rollout_percent: 100 });
    expect([status, body.data.rollout_percent]).toEqual([200, 100]);
    expect(await events(id)).toEqual(['version.created', 'version.published', 'version.rollout_changed']);
    expect((await refusal('POST', `/versions/${id}/rollout`, {}))[0]).toBe(422);
  });
});

describe('publishing and yanking', () => {
  it('needs an artifact', async () => {
    const { id } = await draft(app, product, { version: '1.1.0' }, []);
    expect(await refusal('POST', `/versions/${id}/publish`)).toEqual([
      409,
      'CONFLICT',
      'Version has no artifact',
    ]);
    await upload(app, id, 'bytes');
    const { status, body } = await app.admin('POST', `/versions/${id}/publish`);
    const now = app.clock.now().toISOString();
    expect([status, body.data]).toMatchObject([
      200,
      { status: 'published', published_at: now, released_at: now, yanked_at: null },
    ]);
    expect(await events(id)).toEqual(['version.created', 'version.published']);
  });

  it('keeps a release date that was given', async () => {
    const released_at = '2026-12-24T00:00:00.000Z';
    expect((await release(app, product, { version: '1.1.0', released_at })).released_at).toBe(released_at);
  });

  it('goes one way: draft, published, yanked', async () => {
    const { id } = await draft(app, product, { version: '1.1.0' });
    expect((await refusal('POST', `/versions/${id}/yank`))[0]).toBe(409);
    await app.must('POST', `/versions/${id}/publish`);
    expect((await refusal('POST', `/versions/${id}/publish`))[0]).toBe(409);
    expect((await refusal('DELETE', `/versions/${id}`))[0]).toBe(409);
    const yanked = await app.must('POST', `/versions/${id}/yank`);
    expect(yanked).toMatchObject({ status: 'yanked', yanked_at: app.clock.now().toISOString() });
    for (const [method, path] of [
      ['POST', '/publish'],
      ['POST', '/yank'],
      ['DELETE', ''],
    ] as const) {
      expect((await refusal(method, `/versions/${id}${path}`))[0]).toBe(409);
    }
    expect((await refusal('PATCH', `/versions/${id}`, { mandatory: true }))[0]).toBe(409);
    expect((await app.must('PATCH', `/versions/${id}`, { changelog: 'Broke logins.' })).changelog).toBe(
      'Broke logins.',
    );
    expect(await events(id)).toEqual([
      'version.created',
      'version.published',
      'version.yanked',
      'version.updated',
    ]);
  });

  it('publishes once, however many ask', async () => {
    const { id } = await draft(app, product, { version: '1.1.0' });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => app.admin('POST', `/versions/${id}/publish`)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(9).fill(409)]);
    expect((await events(id)).filter((action) => action === 'version.published')).toHaveLength(1);
  });
});

describe('deleting a draft', () => {
  it('deletes its artifacts and their files with it', async () => {
    const before = await storedFiles(app);
    const { id } = await draft(app, product, { version: '1.1.0' }, [
      { platform: 'linux' },
      { platform: 'darwin' },
    ]);
    expect(await storedFiles(app)).toHaveLength(before.length + 2);
    expect((await app.admin('DELETE', `/versions/${id}`)).body).toEqual({ success: true, data: null });
    expect(await storedFiles(app)).toEqual(before);
    expect(await refusal('GET', `/versions/${id}`)).toEqual([404, 'NOT_FOUND', 'Version not found']);
    expect(await events(id)).toEqual(['version.created', 'version.deleted']);
  });
});
