import { Client } from 'pg';
import { hardwareId, startApp, type TestApp } from '../setup/app.js';
import { untilLockWaits } from '../setup/locks.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const draw = () => hardwareId().slice(0, 16);

const send = (method: string, path: string, body: unknown, key: string) =>
  app.admin(method, path, body, { 'idempotency-key': key });

const replayed = ({ headers }: { headers: Headers }) => headers.get('idempotency-replayed');

const countOf = async (table: string, condition: string, value: unknown): Promise<number> =>
  (await app.sql(`select count(*)::int as n from ${table} where ${condition}`, [value]))[0].n;

const soldAs = async () => {
  const { product, policy } = await app.sell();
  return { product: product.code, policy: policy.code, id: product.id };
};

describe('a request under an Idempotency-Key', () => {
  it('is answered again without its effect, secrets included', async () => {
    const { id, ...body } = await soldAs();
    const key = draw();
    const first = await send('POST', '/licenses', body, key);
    expect([first.status, replayed(first)]).toEqual([201, null]);
    const again = await send('POST', '/licenses', body, key);
    expect([again.status, replayed(again)]).toEqual([201, 'true']);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    // One was sold to have something to sell.
    expect(await countOf('licenses', 'product_id = $1', id)).toBe(2);
    expect(await countOf('audit_events', 'subject_id = $1', first.body.data.id)).toBe(1);
    const stored = await app.sql('select encode(answer, $1) as answer from idempotency_keys', ['escape']);
    expect(stored.map(({ answer }) => answer).join()).not.toContain(first.body.data.key);
  });

  it('is another one with another body, path, method or condition', async () => {
    const { product } = await app.sell();
    const key = draw();
    const own = `/products/${product.id}`;
    expect((await send('PATCH', own, { name: 'A' }, key)).status).toBe(200);
    const others = [
      await send('PATCH', own, { name: 'B' }, key),
      await send('PATCH', `${own}0`, { name: 'A' }, key),
      await send('DELETE', own, undefined, key),
      await app.admin('PATCH', own, { name: 'A' }, { 'idempotency-key': key, 'if-match': '*' }),
    ];
    for (const { status, body } of others) {
      expect([status, body]).toEqual([
        409,
        {
          success: false,
          code: 'IDEMPOTENCY_KEY_CONFLICT',
          error: 'Idempotency key was used for another request',
        },
      ]);
    }
    expect((await app.must('GET', own)).name).toBe('A');
  });

  it('is another one under another credential', async () => {
    const { key: mine } = await app.must('POST', '/api-keys', { name: 'x', permissions: ['all'] });
    const key = draw();
    const body = { hardware_id: hardwareId() };
    expect((await send('POST', '/blocklist', body, key)).status).toBe(201);
    const theirs = await app.request('POST', '/api/v1/admin/blocklist', {
      body: { hardware_id: hardwareId() },
      headers: { 'x-admin-key': mine, 'idempotency-key': key },
    });
    expect([theirs.status, replayed(theirs)]).toEqual([201, null]);
  });

  it('is answered the same refusal again', async () => {
    const [missing, taken] = [draw(), draw()];
    const body = { code: `p-${draw()}`, name: 'Panel' };
    const invalid = await send('POST', '/products', { code: body.code }, missing);
    expect(invalid.status).toBe(422);
    await app.must('POST', '/products', body);
    const conflict = await send('POST', '/products', body, taken);
    expect(conflict.status).toBe(409);
    await app.sql('delete from products where code = $1', [body.code]);
    for (const [sent, key, first] of [
      [{ code: body.code }, missing, invalid],
      [body, taken, conflict],
    ] as const) {
      const again = await send('POST', '/products', sent, key);
      expect([again.status, again.body, replayed(again)]).toEqual([first.status, first.body, 'true']);
    }
    expect(await countOf('products', 'code = $1', body.code)).toBe(0);
    expect(await countOf('audit_events', "details->>'code' = $1", body.code)).toBe(1);
  });

  it('is tried anew when it was not let in or failed', async () => {
    const { product } = await app.sell();
    const { key: reader, id } = await app.must('POST', '/api-keys', {
      name: 'x',
      permissions: ['products:write'],
    });
    const key = draw();
    const call = () =>
      app.request('PATCH', `/api/v1/admin/products/${product.id}`, {
        body: { name: 'New' },
        headers: { 'x-admin-key': reader, 'idempotency-key': key },
      });
    await app.must('PATCH', `/api-keys/${id}`, { enabled: false });
    expect((await call()).status).toBe(401);
    await app.must('PATCH', `/api-keys/${id}`, { enabled: true, rate_limit: 1 });
    await app.request('GET', '/api/v1/admin/products', { headers: { 'x-admin-key': reader } });
    expect((await call()).status).toBe(429);
    await app.must('PATCH', `/api-keys/${id}`, { rate_limit: null });
    await app.sql('alter table products rename to products_away');
    const failed = await call();
    await app.sql('alter table products_away rename to products');
    expect([failed.status, replayed(failed)]).toEqual([500, null]);
    const done = await call();
    expect([done.status, replayed(done), done.body.data.name]).toEqual([200, null, 'New']);
    expect(replayed(await call())).toBe('true');
  });

  it('has its effect again once a day has passed', async () => {
    const { product } = await app.sell();
    const key = draw();
    const call = (name: string) => send('PATCH', `/products/${product.id}`, { name }, key);
    expect((await call('A')).status).toBe(200);
    app.clock.advance({ hours: 23 });
    expect((await call('B')).status).toBe(409);
    app.clock.advance({ hours: 1 });
    const later = await call('B');
    expect([later.status, replayed(later)]).toEqual([200, null]);
    expect(replayed(await call('B'))).toBe('true');
  });

  it('may be large: a thousand licenses, and the same thousand again', async () => {
    const { id, ...body } = await soldAs();
    const key = draw();
    const first = await send('POST', '/licenses', { ...body, quantity: 1_000 }, key);
    const again = await send('POST', '/licenses', { ...body, quantity: 1_000 }, key);
    expect(first.body.data).toHaveLength(1_000);
    expect(again.body).toEqual(first.body);
    expect(await countOf('licenses', 'product_id = $1', id)).toBe(1_001);
  });

  it('leaves nothing of a refusal behind but the answer', async () => {
    const { license } = await app.sell();
    const before = await countOf('audit_events', 'subject_id = $1', license.id);
    const refused = await send('POST', `/licenses/${license.id}/reinstate`, {}, draw());
    expect(refused.status).toBe(409);
    expect(await countOf('audit_events', 'subject_id = $1', license.id)).toBe(before);
  });

  it('is not answered again with what was erased, and not carried out again either', async () => {
    const key = draw();
    const body = { name: 'Harbour Ltd', email: 'it@harbour.example' };
    const first = await send('POST', '/customers', body, key);
    expect(first.status).toBe(201);
    await app.must('POST', `/customers/${first.body.data.id}/erase`);
    const again = await send('POST', '/customers', body, key);
    expect([again.status, again.body]).toEqual([
      409,
      { success: false, code: 'CONFLICT', error: 'The answer to this request has been erased' },
    ]);
  });

  it('is refused a second time while it still runs, and replayed afterwards', async () => {
    const { license } = await app.sell();
    const key = draw();
    const suspend = () => send('POST', `/licenses/${license.id}/suspend`, { reason: 'late' }, key);
    const holder = new Client({ connectionString: app.databaseUrl });
    await holder.connect();
    await holder.query('begin');
    await holder.query('select 1 from licenses where id = $1 for update', [license.id]);
    const first = suspend();
    await untilLockWaits(app);
    const second = await suspend();
    expect([second.status, second.body.code]).toEqual([409, 'CONFLICT']);
    await holder.query('rollback');
    await holder.end();
    expect((await first).status).toBe(200);
    const third = await suspend();
    expect([third.status, replayed(third)]).toEqual([200, 'true']);
  });
});

describe('an Idempotency-Key', () => {
  it.each([['x'.repeat(256)], ['a b'], ['\u00e9']])('of the form %j is refused', async (key) => {
    const answer = await send('POST', '/products', { code: 'x', name: 'X' }, key);
    expect([answer.status, answer.body.error]).toEqual([
      400,
      'Idempotency-Key must have 1 to 255 visible ASCII characters',
    ]);
  });

  it('is refused by an upload, which it could not protect', async () => {
    const { product } = await app.sell();
    const { id } = await app.must('POST', '/versions', { product: product.code, version: '1.0.0' });
    const answer = await app.request('POST', `/api/v1/admin/versions/${id}/artifacts?filename=a`, {
      raw: 'bytes',
      headers: {
        'x-admin-key': app.adminKey,
        'content-type': 'application/octet-stream',
        'idempotency-key': draw(),
      },
    });
    expect([answer.status, answer.body.error]).toEqual([400, 'This call takes no Idempotency-Key']);
  });

  it('changes nothing about a call that changes nothing', async () => {
    const { license } = await app.sell();
    const before = await countOf('idempotency_keys', '$1', true);
    const body = { action: 'activate', hardware_id: hardwareId(), version: '1.0.0' };
    expect((await send('POST', `/licenses/${license.id}/explain`, body, draw())).status).toBe(200);
    expect((await send('GET', '/licenses', undefined, draw())).status).toBe(200);
    expect(await countOf('idempotency_keys', '$1', before >= 0)).toBe(before);
  });
});
