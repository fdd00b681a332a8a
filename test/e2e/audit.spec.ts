import { randomUUID } from 'node:crypto';
import { MOST_SEARCHED } from '../../src/database/audit-views.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { sealAll } from '../setup/audit.js';
import { addUser, bearer, tokenOf } from '../setup/people.js';
import { stopTicks } from '../setup/ticks.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  // What is sealed, and when, is for the test to say.
  await stopTicks(app);
});
afterAll(() => app.stop());

const listed = async (query: string): Promise<any> => {
  const { status, body } = await app.admin('GET', `/audit?${query}`);
  expect([status, body.success]).toEqual([200, true]);
  return body;
};
const actions = async (query: string): Promise<string[]> =>
  (await listed(query)).data.map(({ action }: any) => action);

/** What is told of the columns of a subject, event by event, oldest first. */
const changesOf = async (id: string): Promise<any[]> =>
  (await listed(`subject_id=${id}&sort=occurred_at`)).data.map(({ action, details }: any) => [
    action,
    details.changes,
  ]);

describe('the audit log', () => {
  it('tells who did what to what, from where and in which request', async () => {
    const { license } = await app.sell();
    await app.must('POST', `/licenses/${license.id}/suspend`, {
      reason: 'Chargeback by Ann',
    });
    const [event] = (await listed(`subject_id=${license.id}&action=license.suspended`)).data;
    const [key] = (await app.must('GET', '/api-keys')) as [any];
    expect(event).toEqual({
      id: expect.any(String),
      occurred_at: app.clock.now().toISOString(),
      actor_type: 'api_key',
      actor_id: key.id,
      action: 'license.suspended',
      subject_type: 'license',
      subject_id: license.id,
      details: expect.objectContaining({
        changes: { status: { from: 'active', to: 'suspended' }, status_reason: { withheld: true } },
      }),
      personal: expect.objectContaining({ address: '127.0.0.1', reason: 'Chargeback by Ann' }),
      personal_erased: false,
      request_id: expect.any(String),
      seq: null,
      sealed_at: null,
    });
    await sealAll(app);
    const sealed = await app.must('GET', `/audit/${event.id}`);
    expect(sealed).toEqual({
      ...event,
      seq: expect.any(Number),
      sealed_at: app.clock.now().toISOString(),
    });
  });

  it('tells what was made and what is gone, but no secret and nothing of the vendor’s own', async () => {
    const { license, product } = await app.sell({
      license: { max_activations: 4, metadata: { contact: 'J. Doe' } },
    });
    const version = await app.must('POST', '/versions', {
      product: product.code,
      version: '2.0.0',
      changelog: 'Long.',
    });
    await app.must('DELETE', `/licenses/${license.id}`);
    await app.must('DELETE', `/versions/${version.id}`);
    const [[made, before], [gone, after]] = await changesOf(license.id);
    expect([made, gone]).toEqual(['license.created', 'license.deleted']);
    expect(before.max_activations).toEqual({ from: null, to: 4 });
    expect(after.max_activations).toEqual({ from: 4, to: null });
    const versions = await changesOf(version.id);
    expect(versions).toEqual([
      ['version.created', expect.objectContaining({ version: { from: null, to: '2.0.0' } })],
      ['version.deleted', expect.objectContaining({ version: { from: '2.0.0', to: null } })],
    ]);
    const all = JSON.stringify([before, after, versions]);
    for (const untold of ['Doe', 'Long.', 'metadata', 'hash', license.key]) expect(all).not.toContain(untold);
  });

  it('is filtered by actor, action, subject, request and time', async () => {
    const { license, key } = await app.sell();
    const before = app.clock.now().toISOString();
    app.clock.advance({ hours: 1 });
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    await app.panel('deactivate', panelBody(key, hardware));
    app.clock.advance({ hours: 1 });
    const after = app.clock.now().toISOString();
    await app.must('POST', `/licenses/${license.id}/revoke`, {});
    const own = `q=${license.id}`;
    expect(await actions(own)).toEqual([
      'license.revoked',
      'activation.released',
      'activation.created',
      'license.created',
    ]);
    expect(await actions(`${own}&sort=occurred_at`)).toEqual((await actions(own)).toReversed());
    expect(await actions(`actor_type=panel&actor_id=${license.id}`)).toEqual([
      'activation.released',
      'activation.created',
    ]);
    expect(await actions(`${own}&action=license.*`)).toEqual(['license.revoked', 'license.created']);
    expect(await actions(`${own}&action=activation.created`)).toEqual(['activation.created']);
    expect(await actions(`${own}&action=licens.*`)).toEqual([]);
    expect(await actions(`subject_type=license&subject_id=${license.id}`)).toEqual([
      'license.revoked',
      'license.created',
    ]);
    expect(await actions(`${own}&from=${before}&to=${after}`)).toHaveLength(3);
    expect(await actions(`${own}&from=${after}`)).toEqual(['license.revoked']);
    const [{ request_id: requestId }] = (await listed(`${own}&action=activation.created`)).data;
    expect(await actions(`request_id=${requestId}`)).toEqual(['activation.created']);
    expect(await actions(`q=${hardware.slice(0, 20).toUpperCase()}`)).toHaveLength(2);
  });

  it('comes in pages', async () => {
    const name = randomUUID();
    const { id } = await app.must('POST', '/products', { code: name, name: 'P' });
    for (let i = 0; i < 4; i++) await app.must('PATCH', `/products/${id}`, { name: `P ${i}` });
    const query = `subject_id=${id}&per_page=2`;
    const pages = [await listed(query), await listed(`${query}&page=2`), await listed(`${query}&page=3`)];
    expect(pages.map(({ meta }) => meta)).toEqual(
      [1, 2, 3].map((page) => ({ total: 5, per_page: 2, current_page: page, last_page: 3 })),
    );
    const ids = pages.flatMap(({ data }) => data.map(({ id: event }: any) => event));
    expect(ids).toHaveLength(5);
    expect(ids).toEqual(ids.toSorted().toReversed());
  });

  it.each([
    ['colour=red', 'colour', 'The colour field is prohibited.'],
    ['sort=action', 'sort', 'The selected sort is invalid.'],
    ['per_page=0', 'per_page', 'The per page field must be at least 1.'],
    ['actor_type=robot', 'actor_type', 'The selected actor type is invalid.'],
    ['action=*', 'action', 'The action field format is invalid.'],
    ['action=license.%25', 'action', 'The action field format is invalid.'],
    ['from=yesterday', 'from', 'The from field must be a valid date.'],
    ['to=2027-03-01', 'to', 'The to field must be a valid date.'],
  ])('refuses %s', async (query, field, message) => {
    const { status, body } = await app.admin('GET', `/audit?${query}`);
    expect([status, body.details]).toEqual([422, { [field]: [message] }]);
  });

  it.each(['x', randomUUID()])('knows no event %s', async (id) => {
    const { status, body } = await app.admin('GET', `/audit/${id}`);
    expect([status, body.error]).toEqual([404, 'Audit event not found']);
  });

  it('is there to be read, and no call changes it', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await app.admin(method, '/audit', {})).status).toBe(404);
      expect((await app.admin(method, `/audit/${randomUUID()}`, {})).status).toBe(404);
    }
  });

  it('is read by support, who may change nothing', async () => {
    const headers = bearer(await tokenOf(app, await addUser(app, { role: 'support' })));
    for (const path of ['', '/verify']) {
      expect((await app.request('GET', `/api/v1/admin/audit${path}`, { headers })).status).toBe(200);
    }
  });
});

describe('a text in a log of more events than can be searched', () => {
  let large: TestApp;
  beforeAll(async () => {
    large = await startApp();
  });
  afterAll(() => large.stop());

  it('is found in the newest, and in older ones where filters leave fewer', async () => {
    const { id } = await large.must('POST', '/products', { code: 'needle', name: 'P' });
    const found = async (query: string) =>
      (await large.admin('GET', `/audit?${query}`)).body.data.map((event: any) => event.subject_id);
    let filled = 0;
    // By the ten thousand: the service has a statement cut off in seconds, and each row goes into all indexes of the log.
    const fill = async (count: number) => {
      const end = filled + count;
      while (filled < end) {
        const first = filled + 1;
        filled = Math.min(filled + 10_000, end);
        await large.sql(
          `insert into audit_events (id, occurred_at, actor_type, action, subject_type, mac)
           select gen_random_uuid(), $1::timestamptz + i * interval '1 second', 'system', 'x.y', 'x', ''
           from generate_series($2::int, $3::int) i`,
          [large.clock.now(), first, filled],
        );
      }
    };
    await fill(MOST_SEARCHED - 1);
    expect(await found('q=needle')).toEqual([id]);
    await fill(1);
    expect(await found('q=needle')).toEqual([]);
    expect(await found('q=needle&subject_type=product')).toEqual([id]);
    expect(await found(`q=needle&to=${new Date(large.clock.now().getTime() + 1).toISOString()}`)).toEqual([
      id,
    ]);
    expect(await found('action=product.created')).toEqual([id]);
  });
});
