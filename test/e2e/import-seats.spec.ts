import { randomUUID } from 'node:crypto';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { csv, errorsOf, exportFile, importFile, reportOf } from '../setup/transfer.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const seats = (text: string, query = '') => importFile(app, 'seats', text, { query });
const HEAD = ['license_key', 'hardware_id', 'version'];

const held = (licenseId: string) =>
  app.sql('select * from activations where license_id = $1 and released_at is null order by id', [licenseId]);

/** Nothing of the file is there. */
async function refusedWith(text: string, licenseId: string): Promise<string[]> {
  const before = await held(licenseId);
  const answer = await seats(text);
  expect([answer.status, reportOf(answer).imported]).toEqual([422, 0]);
  expect(await held(licenseId)).toEqual(before);
  return errorsOf(answer);
}

/** What the lease in an answer says. */
const leaseIn = ({ body }: any): { seq: number; jti: string } =>
  JSON.parse(Buffer.from(body.lease.split('.')[1], 'base64url').toString());

describe('seats of another system', () => {
  it('are held from then on: their panels phone home as if they had always been here', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 2 } });
    const [one, other] = [hardwareId(), hardwareId()];
    const { status, body } = await seats(
      csv(
        [...HEAD, 'hostname', 'platform', 'arch', 'activated_at', 'last_seen_at'],
        [
          key.toLowerCase(),
          one.toUpperCase(),
          '1.0.0',
          'a.example',
          'linux',
          'x64',
          '2026-01-01T00:00:00Z',
          '2027-02-01T00:00:00Z',
        ],
        [key, other, '1.1.0', '', '', '', '', ''],
      ),
    );
    expect([status, body.data]).toEqual([
      201,
      { rows: 2, imported: 2, errors_total: 0, errors: [], dry_run: false },
    ]);
    const list = await app.must('GET', `/licenses/${license.id}/activations?sort=activated_at`);
    expect(list).toMatchObject([
      {
        hardware_id: one,
        hostname: 'a.example',
        platform: 'linux',
        arch: 'x64',
        version: '1.0.0',
        activated_at: '2026-01-01T00:00:00.000Z',
        last_seen_at: '2027-02-01T00:00:00.000Z',
      },
      { hardware_id: other, version: '1.1.0', activated_at: app.clock.now().toISOString() },
    ]);
    const answer = await app.panel('validate', panelBody(key, one, { version: '1.0.1' }));
    expect([answer.status, answer.body.activation.id]).toEqual([200, list[0].id]);
    expect(new Date(answer.body.check_in.valid_until) > app.clock.now()).toBe(true);
    const third = await app.panel('activate', panelBody(key, hardwareId()));
    expect(third.body.code).toBe('MAX_ACTIVATIONS');
    const audit = await app.sql("select details from audit_events where action = 'activation.imported'");
    expect(audit).toMatchObject([{ details: { rows: 2, format: 'csv' } }]);
    expect(await app.sql("select 1 from events where type = 'activation.created'")).toEqual([]);
  });

  it('go on with the number of the last lease of their hardware', async () => {
    const { key, license } = await app.sell();
    const hardware = hardwareId();
    const before = leaseIn(await app.panel('activate', panelBody(key, hardware))).seq;
    await app.must('DELETE', `/licenses/${license.id}/activations`);
    expect((await seats(csv(HEAD, [key, hardware, '1.0.0']))).status).toBe(201);
    expect(leaseIn(await app.panel('validate', panelBody(key, hardware))).seq).toBeGreaterThan(before);
  });

  it.each([
    ['a lease of the other system', () => randomUUID()],
    ['none', () => undefined],
  ])('begin their chain anew when their panel shows %s, and tell a copy after that', async (_, shown) => {
    const { license, key } = await app.sell({ policy: { on_clone: 'refuse' } });
    const hardware = hardwareId();
    expect((await seats(csv(HEAD, [key, hardware, '1.0.0']))).status).toBe(201);
    const validate = (leaseId?: string) =>
      app.panel('validate', panelBody(key, hardware, leaseId === undefined ? {} : { lease_id: leaseId }));
    const first = shown();
    // Again, as a panel does that never got the answer.
    const answers = [await validate(first), await validate(first)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await validate(leaseIn(answers[1]).jti)).status).toBe(200);
    expect((await held(license.id))[0].clone_suspected_at).toBeNull();
    expect((await validate(randomUUID())).status).toBe(403);
    expect((await held(license.id))[0].clone_suspected_at).not.toBeNull();
  });

  it('never exceed the limit of a license, together with those that are held', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 3 } });
    await app.panel('activate', panelBody(key, hardwareId()));
    const rows = Array.from({ length: 4 }, () => [key, hardwareId(), '1.0.0']);
    const full = 'license_key Maximum number of activations reached';
    expect(await refusedWith(csv(HEAD, ...rows), license.id)).toEqual([`4 ${full}`, `5 ${full}`]);
    expect((await seats(csv(HEAD, ...rows.slice(0, 2)), 'dry_run=true')).body.data).toMatchObject({
      rows: 2,
      imported: 0,
    });
    expect(await held(license.id)).toHaveLength(1);
    expect((await seats(csv(HEAD, ...rows.slice(0, 2)))).status).toBe(201);
    expect(await held(license.id)).toHaveLength(3);
  });

  it('hold against an activation at the same moment', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 2 } });
    const answers = await Promise.all([
      seats(csv(HEAD, [key, hardwareId(), '1.0.0'], [key, hardwareId(), '1.0.0'])),
      ...Array.from({ length: 6 }, () => app.panel('activate', panelBody(key, hardwareId()))),
    ]);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    expect(await held(license.id)).toHaveLength(2);
  });
});

describe('a file of seats is refused', () => {
  it('for a hardware given twice, held already, blocked or malformed', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 9 } });
    const [twice, taken, blocked] = [hardwareId(), hardwareId(), hardwareId()];
    await app.panel('activate', panelBody(key, taken));
    await app.must('POST', '/blocklist', { hardware_id: blocked });
    const hardware = [twice, taken, twice.toUpperCase(), blocked, 'abc', 'x'.repeat(64)];
    expect(await refusedWith(csv(HEAD, ...hardware.map((each) => [key, each, '1.0.0'])), license.id)).toEqual(
      [
        '3 hardware_id The hardware id has already been taken.',
        '4 hardware_id The hardware id has already been taken.',
        '5 hardware_id The selected hardware id is invalid.',
        '6 hardware_id The hardware id field must be 64 characters.',
        '7 hardware_id The hardware id field format is invalid.',
      ],
    );
  });

  it('for a license that there is none of, none at all, or two of them', async () => {
    const { license, key } = await app.sell();
    const rows = [
      ['', 'NOBODY-KNOWS-THIS'],
      [randomUUID(), ''],
      ['', ''],
      [license.id, key],
    ].map(([id = '', named = '']) => [id, named, hardwareId(), '1.0.0']);
    expect(
      await refusedWith(csv(['license_id', 'license_key', 'hardware_id', 'version'], ...rows), license.id),
    ).toEqual([
      '2 license_key The selected license key is invalid.',
      '3 license_id The selected license id is invalid.',
      '4 license_key The license key field is required.',
      '5 license_id The license id field is prohibited.',
    ]);
  });

  it('for dates that have not come yet, beyond what two clocks may differ', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 3 } });
    const at = (seconds: number) => new Date(app.clock.now().getTime() + seconds * 1000).toISOString();
    const head = [...HEAD, 'activated_at', 'last_seen_at'];
    const row = (activated: number, seen: number) => [key, hardwareId(), '1.0.0', at(activated), at(seen)];
    expect(await refusedWith(csv(head, row(-9, 300), row(-9, 301), row(301, 400)), license.id)).toEqual([
      '3 last_seen_at The last seen at field must not be in the future.',
      '4 activated_at The activated at field must not be in the future.',
      '4 last_seen_at The last seen at field must not be in the future.',
    ]);
  });

  it('for a seat that was seen before there was one', async () => {
    const { license, key } = await app.sell();
    const row = [key, hardwareId(), '1.0.0', '2027-01-02T00:00:00Z', '2027-01-01T00:00:00Z'];
    expect(await refusedWith(csv([...HEAD, 'activated_at', 'last_seen_at'], row), license.id)).toEqual([
      '2 last_seen_at The last seen at field must be a valid date.',
    ]);
  });
});

it('the seats in use come out as they go in', async () => {
  const { license, key, product } = await app.sell({ license: { max_activations: 3 } });
  const [kept, given] = [hardwareId(), hardwareId()];
  await app.panel('activate', panelBody(key, kept, { hostname: '=cmd', platform: 'linux', arch: 'x64' }));
  await app.panel('activate', panelBody(key, given));
  await app.panel('deactivate', panelBody(key, given));
  const now = app.clock.now().toISOString();
  const until = '2027-12-01T00:00:00.000Z';
  // The promise of an air-gapped panel: without it the seat could be taken from it.
  await app.sql('update activations set offline_until = $1 where license_id = $2', [until, license.id]);
  const file = await exportFile(app, 'seats', `product=${product.code}`);
  expect(file).toBe(
    'license_id,hardware_id,hostname,platform,arch,version,activated_at,last_seen_at,offline_until\n' +
      `${license.id},${kept},'=cmd,linux,x64,1.0.0,${now},${now},${until}\n`,
  );
  const json = await exportFile(app, 'seats', `license_id=${license.id}&format=ndjson`);
  expect(json).toBe(
    `{"license_id":"${license.id}","hardware_id":"${kept}","hostname":"=cmd","platform":"linux","arch":"x64",` +
      `"version":"1.0.0","activated_at":"${now}","last_seen_at":"${now}","offline_until":"${until}"}\n`,
  );
  for (const [text, type] of [
    [file, 'text/csv'],
    [json, 'application/x-ndjson'],
  ] as const) {
    await app.must('DELETE', `/licenses/${license.id}/activations`);
    expect((await importFile(app, 'seats', text, { type })).status).toBe(201);
    expect(await exportFile(app, 'seats', `product=${product.code}`)).toBe(file);
  }
});
