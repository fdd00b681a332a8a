import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { untilLockWaits } from '../setup/locks.js';
import { csv, errorsOf, exportFile, importFile, reportOf } from '../setup/transfer.js';
import { until } from '../setup/until.js';

const MAX = 3_000_000;

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ settings: { MAX_UPLOAD_BYTES: String(MAX) } });
  await app.must('POST', '/products', { code: 'panel', name: 'Panel', key_prefix: 'PANEL' });
  await app.must('POST', '/policies', {
    code: 'pro',
    name: 'Pro',
    limits: { accounts: 10 },
    features: ['sso'],
    max_activations: 3,
    duration_days: 365,
    updates_days: 100,
    minimum_version: '1.0.0',
  });
});
afterAll(() => app.stop());

let counter = 0;
/** A key of another system that no other test uses. */
const foreign = () => `legacy/${randomBytes(4).toString('hex')}.${counter++}`;

const licenses = (text: string | Uint8Array, options = {}) => importFile(app, 'licenses', text, options);
const ndjson = (...rows: unknown[]) =>
  licenses(rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join(''), {
    type: 'application/x-ndjson',
  });

/** How many rows there are of what an import writes. */
const counts = async () => {
  const [row] = await app.sql(
    `select (select count(*) from licenses)::int as licenses, (select count(*) from license_keys)::int as keys,
       (select count(*) from events)::int as events, (select count(*) from audit_events)::int as audit`,
  );
  return row;
};

/** Whatever is wrong with a file, it is a 422 with a report, and nothing is written. */
async function refusedWith(send: () => Promise<any>): Promise<string[]> {
  const before = await counts();
  const answer = await send();
  expect([answer.status, answer.body.success, answer.body.code, answer.body.error]).toEqual([
    422,
    false,
    'VALIDATION_ERROR',
    'Validation failed',
  ]);
  expect(reportOf(answer)).toMatchObject({ imported: 0, errors_total: reportOf(answer).errors.length });
  expect(await counts()).toEqual(before);
  return errorsOf(answer);
}

describe('licenses of another system', () => {
  it('go in with the keys that were sold, which open them at once and are stored nowhere', async () => {
    const [one, other] = [foreign(), foreign()];
    const text = csv(['key', 'product', 'policy'], [one, 'panel', 'pro'], [` ${other} `, 'panel', 'pro']);
    const before = await counts();
    const { status, body } = await licenses(text);
    expect([status, body]).toEqual([
      201,
      { success: true, data: { rows: 2, imported: 2, errors_total: 0, errors: [], dry_run: false } },
    ]);
    // One event for the file, and no webhook for its rows.
    expect(await counts()).toEqual({
      licenses: before.licenses + 2,
      keys: before.keys + 2,
      events: before.events,
      audit: before.audit + 1,
    });
    const [event] = await app.sql(
      "select * from audit_events where action = 'license.imported' order by id desc",
    );
    expect(event).toMatchObject({
      actor_type: 'api_key',
      subject_type: 'license',
      subject_id: null,
      details: { rows: 2, format: 'csv', sha256: createHash('sha256').update(text).digest('hex') },
    });
    for (const key of [one.toUpperCase(), other]) {
      expect((await app.panel('activate', panelBody(key, hardwareId()))).status).toBe(201);
    }
    for (const table of ['licenses', 'license_keys', 'audit_events']) {
      const found = await app.sql(`select 1 from ${table} t where upper(t::text) like $1`, [
        `%${one.toUpperCase()}%`,
      ]);
      expect(found).toEqual([]);
    }
  });

  it('have what their columns say, and from the policy what they leave out', async () => {
    const now = app.clock.now();
    const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000).toISOString();
    const customer = await app.must('POST', '/customers', { name: 'Somebody' });
    const [plain, full] = [foreign(), foreign()];
    await licenses(csv(['key', 'product', 'policy'], [plain, 'panel', 'pro']));
    const told = {
      customer_id: customer.id,
      status: 'suspended',
      status_reason: 'unpaid, twice',
      max_activations: 7,
      expires_at: '2031-01-01T00:00:00.000Z',
      updates_until: '2030-01-01T00:00:00.000Z',
      minimum_version: '2.0.0',
      limits: { domains: -1 },
      features: ['backup'],
      metadata: { order: 'A "17"', deep: { a: [1, null] } },
      created_at: '2020-02-29T12:00:00.000Z',
    };
    const cells = Object.values(told).map((value) =>
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    );
    await licenses(csv([...Object.keys(told), 'policy', 'product', 'key'], [...cells, 'pro', 'panel', full]));
    const find = async (key: string) => (await app.must('GET', `/licenses?q=${encodeURIComponent(key)}`))[0];
    expect(await find(plain)).toMatchObject({
      status: 'active',
      max_activations: 3,
      expires_at: inDays(365),
      updates_until: inDays(100),
      minimum_version: '1.0.0',
      limits: { accounts: 10 },
      features: ['sso'],
      metadata: {},
      created_at: now.toISOString(),
    });
    expect(await find(full)).toMatchObject({ ...told, product: 'panel', policy: 'pro' });
  });

  it('last for ever where the cell of a date is empty, or null', async () => {
    const [one, other] = [foreign(), foreign()];
    await licenses(csv(['key', 'product', 'policy', 'expires_at'], [one, 'panel', 'pro', '']));
    await ndjson({ key: other, product: 'panel', policy: 'pro', expires_at: null });
    for (const key of [one, other]) {
      const [license] = await app.must('GET', `/licenses?q=${encodeURIComponent(key)}`);
      expect(license.expires_at).toBeNull();
    }
  });

  it.each([
    ['a byte order mark', (text: string) => `\ufeff${text}`],
    ['CR LF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['CR', (text: string) => text.replaceAll('\n', '\r')],
    ['blank lines', (text: string) => text.replaceAll('\n', '\n\n')],
    ['no end of the last line', (text: string) => text.trimEnd()],
    ['quotes around everything', (text: string) => text.replace(/[^,\n]+/g, '"$&"')],
  ])('may come with %s', async (_, written) => {
    const key = foreign();
    const { status } = await licenses(written(csv(['key', 'product', 'policy'], [key, 'panel', 'pro'])));
    expect(status).toBe(201);
    expect((await app.panel('activate', panelBody(key, hardwareId()))).status).toBe(201);
  });

  it('come as bare bytes when the query says what they are', async () => {
    const row = { key: foreign(), product: 'panel', policy: 'pro' };
    const type = 'application/octet-stream';
    expect((await licenses(JSON.stringify(row), { type, query: 'format=ndjson' })).status).toBe(201);
    const untold = await licenses('x', { type });
    expect([untold.status, untold.body.details]).toEqual([
      422,
      { format: ['The format field is required.'] },
    ]);
    const torn = await licenses('x', { type: 'text/csv', query: 'format=ndjson' });
    expect([torn.status, torn.body.details]).toEqual([422, { format: ['The selected format is invalid.'] }]);
  });
});

describe('a dry run', () => {
  it('checks everything and writes nothing', async () => {
    const text = csv(['key', 'product', 'policy'], [foreign(), 'panel', 'pro']);
    const before = await counts();
    const { status, body } = await licenses(text, { query: 'dry_run=true' });
    expect([status, body.data]).toEqual([
      200,
      { rows: 1, imported: 0, errors_total: 0, errors: [], dry_run: true },
    ]);
    expect(await counts()).toEqual(before);
    expect((await licenses(text)).status).toBe(201);
    const again = await licenses(text, { query: 'dry_run=true' });
    expect([again.status, reportOf(again).dry_run, errorsOf(again)]).toEqual([
      422,
      true,
      ['2 key The key has already been taken.'],
    ]);
  });
});

const HEAD = ['key', 'product', 'policy'];
const good = () => [foreign(), 'panel', 'pro'];
const goodRow = () => ({ key: foreign(), product: 'panel', policy: 'pro' });

describe('a CSV file is refused', () => {
  const UNKNOWN = randomUUID();

  it.each<[string, () => string | Uint8Array, string[]]>([
    [
      'for a column that there is none of',
      () => csv([...HEAD, 'colour'], [...good(), 'red']),
      ['1 colour The colour field is prohibited.'],
    ],
    [
      'for an export as it is',
      () => csv(['id', 'key_hint', 'product', 'policy'], ['', 'X', 'panel', 'pro']),
      ['1 key_hint The key hint field is prohibited.', '1 key The key field is required.'],
    ],
    [
      'for a column that is missing',
      () => csv(['key', 'policy'], ['x', 'pro']),
      ['1 product The product field is required.'],
    ],
    [
      'for a column given twice',
      () => csv([...HEAD, 'key'], [...good(), 'x']),
      ['1 key The key field is given twice.'],
    ],
    [
      'for another delimiter',
      () => 'key;product;policy\nx;panel;pro\n',
      ['1 - The fields must be separated by commas.'],
    ],
    [
      'for all that is wrong with its header',
      () => csv(['key', '', 'colour', 'key', 'policy'], ['x', '', '', '', '']),
      [
        '1 - The name of a column is empty.',
        '1 colour The colour field is prohibited.',
        '1 key The key field is given twice.',
        '1 product The product field is required.',
      ],
    ],
    ['for no more than blank lines', () => '\n\n', ['1 - The file has no rows.']],
    ['for no more than a header', () => csv(HEAD), ['1 - The file has no rows.']],
    ['for no bytes', () => '', ['1 - The file has no rows.']],
    [
      'for a row that is too short',
      () => csv(HEAD, good(), ['x', 'panel']),
      ['3 - The row has 2 fields, the header 3.'],
    ],
    [
      'for a row that is too long',
      () => csv(HEAD, [...good(), 'x']),
      ['2 - The row has 4 fields, the header 3.'],
    ],
    [
      'for a quote that is not closed',
      () => `key,product,policy\n"x,panel,pro\n`,
      ['2 - A quote is not closed.'],
    ],
    [
      'for a quote out of place',
      () => `key,product,policy\nx"y,panel,pro\n`,
      ['2 - A quote is out of place.'],
    ],
    ['for a row without a key', () => csv(HEAD, ['', 'panel', 'pro']), ['2 key The key field is required.']],
    [
      'for one of our keys with a typo',
      () => csv(HEAD, ['PANEL-0000-0000-0000-0000-0000', 'panel', 'pro']),
      ['2 key The key field format is invalid.'],
    ],
    [
      'for a key of any length',
      () => csv(HEAD, ['k'.repeat(256), 'panel', 'pro']),
      ['2 key The key field must not be greater than 255 characters.'],
    ],
    [
      'for what is not sold',
      () => csv(HEAD, [foreign(), 'nothing', 'none']),
      ['2 product The selected product is invalid.', '2 policy The selected policy is invalid.'],
    ],
    [
      'for a customer that there is none of',
      () => csv([...HEAD, 'customer_id'], [...good(), UNKNOWN]),
      ['2 customer_id The selected customer id is invalid.'],
    ],
    [
      'for a status that is none',
      () => csv([...HEAD, 'status'], [...good(), 'gone']),
      ['2 status The selected status is invalid.'],
    ],
    [
      'for no seats',
      () => csv([...HEAD, 'max_activations'], [...good(), '0']),
      ['2 max_activations The max activations field must be at least 1.'],
    ],
    [
      'for seats that are no number',
      () => csv([...HEAD, 'max_activations'], [...good(), '1e3']),
      ['2 max_activations The max activations field must be an integer.'],
    ],
    [
      'for a license that will have been made',
      () => csv([...HEAD, 'created_at'], [...good(), '2027-03-01T12:05:01Z']),
      ['2 created_at The created at field must not be in the future.'],
    ],
    [
      'for a date without a zone',
      () => csv([...HEAD, 'expires_at'], [...good(), '2030-01-01']),
      ['2 expires_at The expires at field must be a valid date.'],
    ],
    [
      'for a version that is none',
      () => csv([...HEAD, 'minimum_version'], [...good(), 'v1']),
      ['2 minimum_version The minimum version field must be a valid version.'],
    ],
    [
      'for limits that are no JSON',
      () => csv([...HEAD, 'limits'], [...good(), '{accounts:1}']),
      ['2 limits The limits field must be an object.'],
    ],
    [
      'for limits below none',
      () => csv([...HEAD, 'limits'], [...good(), '{"accounts":-2}']),
      ['2 limits The limits.accounts field must be at least -1.'],
    ],
    [
      'for limits given twice',
      () => csv([...HEAD, 'limits'], [...good(), '{"a":1,"a":2}']),
      ['2 limits The limits field must be an object.'],
    ],
    [
      'for features that are no list',
      () => csv([...HEAD, 'features'], [...good(), 'sso']),
      ['2 features The features field must be an array.'],
    ],
    [
      'for an id of another kind',
      () => csv([...HEAD, 'id'], [...good(), UNKNOWN]),
      ['2 id The id field format is invalid.'],
    ],
    [
      'for text that can not be stored',
      () => csv([...HEAD, 'status_reason'], [...good(), 'a\0b']),
      ['2 status_reason The status reason field format is invalid.'],
    ],
    [
      'for a line that is not UTF-8',
      () => Buffer.concat([Buffer.from(csv(HEAD, good())), Buffer.from([0x6b, 0xe9, 0x2c, 10])]),
      ['3 - The line is not valid UTF-8.'],
    ],
    [
      'for a character that breaks off',
      () => Buffer.concat([Buffer.from(csv(HEAD, good())), Buffer.from([0xe2, 0x82])]),
      ['3 - The line is not valid UTF-8.'],
    ],
    [
      'for UTF-16',
      () => Buffer.from(`\ufeff${csv(HEAD, good())}`, 'utf16le'),
      ['1 - The file must be UTF-8, not UTF-16.'],
    ],
    [
      'for a row beyond all measure',
      () => csv(HEAD, good(), [`"${'x'.repeat(300_000)}`, 'panel', 'pro']),
      ['3 - The row is longer than 262144 bytes.'],
    ],
  ])('%s', async (_, text, errors) => {
    expect(await refusedWith(() => licenses(text()))).toEqual(errors);
  });

  it('and each bad row is told by the line on which it begins', async () => {
    const text =
      'key,product,policy,status_reason\r\n' +
      `${foreign()},panel,pro,"two\r\nlines"\r\n` +
      '\r\n' +
      `x,nothing,pro,"three\nmore\rlines"\r\n` +
      `${foreign()},panel,pro,\r\n` +
      `y,nothing,pro,\r\n`;
    expect(await refusedWith(() => licenses(text))).toEqual([
      '5 product The selected product is invalid.',
      '9 product The selected product is invalid.',
    ]);
  });

  it('for keys that are in it twice, in whatever spelling, or sold already', async () => {
    const [twice, sold] = [foreign(), (await app.sell({ product: { key_prefix: 'SOLD' } })).key];
    const rows = [twice, foreign(), twice.toUpperCase(), sold.toLowerCase(), ` ${twice}`];
    expect(await refusedWith(() => licenses(csv(HEAD, ...rows.map((key) => [key, 'panel', 'pro']))))).toEqual(
      [
        '4 key The key has already been taken.',
        '5 key The key has already been taken.',
        '6 key The key has already been taken.',
      ],
    );
  });

  it('for ids that are in it twice, or there already', async () => {
    const { license } = await app.sell();
    const id = license.id.replace(/.{4}$/, '0000');
    const rows = [id, license.id, id].map((each) => [foreign(), 'panel', 'pro', each]);
    expect(await refusedWith(() => licenses(csv([...HEAD, 'id'], ...rows)))).toEqual([
      '3 id The id has already been taken.',
      '4 id The id has already been taken.',
    ]);
  });

  it('with all that is wrong with it counted, and a thousand errors told by line', async () => {
    const taken = foreign();
    const bad = Array.from({ length: 1_500 }, () => [foreign(), 'nothing', 'pro']);
    const rows = [[taken, 'panel', 'pro'], [taken, 'panel', 'pro'], ...bad];
    const before = await counts();
    const answer = await licenses(csv(HEAD, ...rows));
    const { rows: read, errors_total, errors } = reportOf(answer);
    expect([answer.status, read, errors_total, errors.length]).toEqual([422, 1_502, 1_501, 1_000]);
    expect(errors.slice(0, 2).map(({ line, field }: any) => [line, field])).toEqual([
      [3, 'key'],
      [4, 'product'],
    ]);
    expect(await counts()).toEqual(before);
  });
});

describe('an NDJSON file is refused', () => {
  it.each<[string, unknown, string]>([
    ['for a line that is no JSON', '{"key":', '2 - Malformed JSON.'],
    ['for a line that is no object', '[1]', '2 - The row must be a JSON object.'],
    ['for a key given twice', '{"key":"a","key":"b"}', '2 - JSON has a duplicate key.'],
    [
      'for a field that there is none of',
      { ...goodRow(), colour: 'red' },
      '2 colour The colour field is prohibited.',
    ],
    [
      'for a number as text',
      { ...goodRow(), max_activations: '3' },
      '2 max_activations The max activations field must be an integer.',
    ],
    ['for text as a number', { ...goodRow(), key: 17 }, '2 key The key field must be a string.'],
    [
      'for a row beyond all measure',
      { ...goodRow(), metadata: 'x'.repeat(300_000) },
      '2 - The row is longer than 262144 bytes.',
    ],
    [
      'for a row beyond all measure at its end',
      'x'.repeat(1_000_000),
      '2 - The row is longer than 262144 bytes.',
    ],
  ])('%s', async (_, row, error) => {
    expect(await refusedWith(() => ndjson(goodRow(), row))).toEqual([error]);
  });
});

describe('a request is refused', () => {
  const text = 'key,product,policy\n';

  it.each([
    ['application/json', '{}'],
    ['text/plain', text],
    ['text/csv; charset=iso-8859-1', text],
    ['multipart/form-data; boundary=x', text],
  ])('as %s', async (type, raw) => {
    expect((await licenses(raw, { type })).status).toBe(415);
  });

  it('when it is larger than a file may be', async () => {
    const before = await counts();
    const rows = Array.from({ length: 60_000 }, () => [foreign(), 'panel', 'pro', 'x'.repeat(40)]);
    const { status, body } = await licenses(csv(['key', 'product', 'policy', 'status_reason'], ...rows));
    expect([status, body.error]).toEqual([413, 'Request body is too large']);
    expect(await counts()).toEqual(before);
  });

  it('with an Idempotency-Key', async () => {
    const { status, body } = await app.request('POST', '/api/v1/admin/import/licenses', {
      raw: text,
      headers: { 'x-admin-key': app.adminKey, 'content-type': 'text/csv', 'idempotency-key': 'once' },
    });
    expect([status, body.error]).toEqual([400, 'This call takes no Idempotency-Key']);
  });

  it('without the permission', async () => {
    const { key } = await app.must('POST', '/api-keys', {
      name: 'Reader',
      permissions: ['read', 'licenses:write'],
    });
    const send = (method: string, path: string, raw?: string) =>
      app.request(method, `/api/v1/admin/${path}`, {
        ...(raw !== undefined && { raw }),
        headers: { 'x-admin-key': key, 'content-type': 'text/csv' },
      });
    const { status, body } = await send('POST', 'import/licenses', text);
    expect([status, body.error]).toEqual([403, "API key is not scoped for 'import'"]);
    expect((await send('GET', 'export/licenses')).status).toBe(200);
  });
});

/** An import whose bytes are sent by hand. */
function begin(node = app) {
  const request = httpRequest(`${node.url}/api/v1/admin/import/licenses`, {
    method: 'POST',
    agent: false,
    headers: { 'x-admin-key': node.adminKey, 'content-type': 'text/csv' },
  });
  return request.on('error', () => undefined);
}

/** The statements that a copy into the staging table is made of. */
const copying = (node = app) =>
  node.sql(
    "select 1 from pg_stat_activity where datname = current_database() and query like 'copy import_%' and state = 'active'",
  );

describe('while a file is on its way', () => {
  it('another one is refused, and the first goes in', async () => {
    const request = begin();
    const key = foreign();
    request.write(`key,product,policy\n${key},panel`);
    await until(copying, (found) => found.length === 1);
    const other = await licenses(csv(['key', 'product', 'policy'], [foreign(), 'panel', 'pro']));
    expect([other.status, other.body.error]).toEqual([409, 'Another import is running']);
    request.end(',pro\n');
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(201);
    response.resume();
    expect((await app.panel('activate', panelBody(key, hardwareId()))).status).toBe(201);
  });

  it('a sender that leaves while its key is looked up holds up nobody', async () => {
    const connected = once(app.nest.getHttpServer(), 'connection') as Promise<[Socket]>;
    let request: ReturnType<typeof begin> | undefined;
    await app.dataSource.transaction(async (manager) => {
      await manager.query('lock table api_keys in access exclusive mode');
      request = begin();
      request.write(`key,product,policy\n${foreign()},panel`);
      await untilLockWaits(app);
      const [socket] = await connected;
      const left = once(socket, 'close');
      request.destroy();
      await left;
    });
    const { body } = await until(
      () => licenses(csv(['key', 'product', 'policy'], [foreign(), 'panel', 'pro'])),
      ({ status }) => status !== 409,
    );
    expect(body.data.imported).toBe(1);
  });

  it('a sender that leaves has sent nothing', async () => {
    const before = await counts();
    const request = begin();
    request.write(`key,product,policy\n${foreign()},panel,pro\n${foreign()},pan`);
    await until(copying, (found) => found.length === 1);
    request.destroy();
    await until(copying, (found) => found.length === 0);
    expect(await counts()).toEqual(before);
    await until(
      () => licenses(csv(['key', 'product', 'policy'], [foreign(), 'panel', 'pro'])),
      ({ status }) => status === 201,
    );
  });
});

describe('a service that is asked to stop', () => {
  it('waits for no more of a file on its way', async () => {
    const other = await startApp();
    const request = begin(other);
    const failed = once(request, 'error');
    request.write(`key,product,policy\n${foreign()},panel,pro\n${foreign()},pan`);
    await until(
      () => copying(other),
      (found) => found.length === 1,
    );
    await other.stop();
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  it('finishes a file that has come in whole', async () => {
    const other = await startApp();
    const { product, policy } = await other.sell();
    const request = begin(other);
    const answered = once(request, 'response');
    const { stopped } = await other.dataSource.transaction(async (manager) => {
      await manager.query('lock table licenses in access exclusive mode');
      request.end(csv(['key', 'product', 'policy'], [foreign(), product.code, policy.code]));
      await untilLockWaits(other);
      return { stopped: other.stop() };
    });
    const [response] = await answered;
    expect(response.statusCode).toBe(201);
    response.resume();
    await stopped;
  });
});

/** The file without what is not the same in another that says the same. */
const hideHints = (text: string) => text.replace(/^([0-9a-f-]{36}),[^,]*/gm, '$1');

it('what went in comes out as it was, formulas and all', async () => {
  const texts = [
    '=1+1',
    '+1',
    '-1',
    '@a',
    '\tx',
    '\rx',
    "'=1",
    "''=1",
    "'quoted",
    "a'b",
    'a\r\nb',
    "x'); drop table licenses; --",
    'a,"b"',
    ' blank ',
  ];
  const keys = texts.map(() => foreign());
  const { status } = await ndjson(
    ...texts.map((text, i) => ({
      key: keys[i],
      product: 'panel',
      policy: 'pro',
      status_reason: text,
      metadata: { text },
    })),
  );
  expect(status).toBe(201);
  const file = await exportFile(app, 'licenses', 'policy=pro');
  const [header = '', ...lines] = file.split('\n');
  // No cell begins with what a spreadsheet would run.
  expect(lines.join('\n')).not.toMatch(/(^|,)"?[=+\-@\t\r]/m);
  // Out, emptied, in again under other keys, and out: the same bytes but for ids and hints.
  await app.sql('delete from licenses');
  const exported = lines.filter((line) => line !== '');
  expect(exported.length).toBeGreaterThan(0);
  let n = 0;
  const back = `${header.replace('key_hint', 'key')}\n${file.slice(header.length + 1).replace(/^([0-9a-f-]{36}),[^,]*/gm, (_, id: string) => `${id},BACK-AGAIN-${n++}`)}`;
  expect(errorsOf(await licenses(back))).toEqual([]);
  expect(hideHints(await exportFile(app, 'licenses', 'policy=pro'))).toBe(hideHints(file));
});
