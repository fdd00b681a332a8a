import { compactVerify, createLocalJWKSet } from 'jose';
import type { QueryRunner } from 'typeorm';
import { parseMasterKey } from '../../src/signing/master-key.js';
import { rotateSigningKey } from '../../src/signing/rotation.js';
import { Sightings } from '../../src/licenses/sightings.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { untilLockWaits } from '../setup/locks.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const events = (subjectId: string) =>
  app.sql('select * from audit_events where subject_id = $1 order by id', [subjectId]);
const path = (license: { id: string }, more = '') => `/licenses/${license.id}/activations${more}`;
const listed = async (license: { id: string }, query = '') =>
  (await app.admin('GET', path(license, query))).body;
const inDays = (days: number) => new Date(app.clock.now().getTime() + days * 86_400_000).toISOString();

/** A license with that many seats, all of them taken. */
const inUse = async (seats: number, policy: object = {}) => {
  const sold = await app.sell({ license: { max_activations: seats }, policy });
  const machines = Array.from({ length: seats }, hardwareId);
  for (const machine of machines) {
    await app.panel('activate', panelBody(sold.key, machine, { hostname: `host-${machine.slice(0, 4)}` }));
    app.clock.advance({ seconds: 1 });
  }
  return { ...sold, machines };
};
const offline = (license: { id: string }, body: object) =>
  app.admin('POST', path(license), { version: '1.0.0', valid_days: 90, ...body });
const claimsIn = (lease: string) =>
  JSON.parse(Buffer.from(lease.split('.')[1] ?? '', 'base64url').toString());

/** Runs `before` and `during` around an offline activation that waits for a row which `before` has locked. */
const blockedBy = async (
  before: (runner: QueryRunner) => Promise<unknown>,
  call: () => Promise<any>,
  during: () => Promise<unknown> = async () => undefined,
) => {
  const runner = app.dataSource.createQueryRunner();
  await runner.startTransaction();
  await before(runner);
  const answer = call();
  await untilLockWaits(app);
  await during();
  await runner.commitTransaction();
  await runner.release();
  return answer;
};

describe('an offline activation', () => {
  it('takes a seat and answers a lease file that can be checked by itself', async () => {
    const { product, policy, license, key } = await app.sell({ policy: { limits: { accounts: 5 } } });
    const hardware = hardwareId();
    const { status, body } = await offline(license, { hardware_id: hardware.toUpperCase() });
    expect(status).toBe(201);
    const { data } = body;
    expect(data).toEqual({
      license: {
        id: license.id,
        key: `PANEL-****-${key.slice(-4)}`,
        product: product.code,
        tier: policy.code,
        status: 'active',
        limits: { accounts: 5 },
        features: [],
        max_activations: 1,
        activations: 1,
        expires_at: null,
        updates_until: null,
      },
      activation: expect.objectContaining({
        hardware_id: hardware,
        version: '1.0.0',
        hostname: null,
        last_seen_ip: null,
        offline_until: inDays(101),
        released_at: null,
      }),
      check_in: {
        refresh_after: expect.any(String),
        valid_until: inDays(90),
        // The tier's own eleven days of warning follow.
        grace_until: inDays(101),
      },
      lease: expect.any(String),
      jwks: { keys: expect.any(Array) },
    });
    const { payload, protectedHeader } = await compactVerify(data.lease, createLocalJWKSet(data.jwks));
    expect(protectedHeader).toMatchObject({ alg: 'EdDSA', typ: 'mooring-lease+jwt' });
    expect(JSON.parse(new TextDecoder().decode(payload))).toMatchObject({
      sub: license.id,
      hwid: hardware,
      exp: new Date(inDays(90)).getTime() / 1_000,
      limits: { accounts: 5 },
    });
    expect((await listed(license)).data).toMatchObject([{ id: data.activation.id, hardware_id: hardware }]);
    expect((await events(data.activation.id)).map(({ action, actor_type }) => [action, actor_type])).toEqual([
      ['activation.created', 'api_key'],
    ]);
  });

  it('keeps its signing key listed until the lease ends', async () => {
    const { license } = await app.sell();
    const { body } = await offline(license, { hardware_id: hardwareId(), valid_days: 3_650 });
    const [kid] = body.data.jwks.keys.map((key: any) => key.kid);
    const [row] = await app.sql('select covers_until from signing_keys where kid = $1', [kid]);
    expect(row.covers_until.getTime()).toBeGreaterThanOrEqual(new Date(inDays(3_650)).getTime());
  });

  it('ends with the license', async () => {
    const { license } = await app.sell({ license: { expires_at: inDays(20) } });
    const { body } = await offline(license, { hardware_id: hardwareId() });
    expect(body.data.check_in).toMatchObject({ valid_until: inDays(20), grace_until: inDays(20) });
    expect(body.data.activation.offline_until).toBe(inDays(20));
  });

  it('keeps the seat of hardware that holds one, and voids the leases before', async () => {
    const { license, key, machines } = await inUse(1);
    const [machine = ''] = machines;
    const before = (await app.panel('validate', panelBody(key, machine))).body;
    await app.nest.get(Sightings, { strict: false }).flush();
    const seen = app.clock.now().toISOString();
    app.clock.advance({ hours: 2 });
    const { status, body } = await offline(license, { hardware_id: machine, version: '1.1.0' });
    expect(status).toBe(201);
    expect(body.data.activation).toMatchObject({
      id: before.activation.id,
      version: '1.1.0',
      // The admin asked: the panel has not been seen since.
      last_seen_at: seen,
      offline_until: inDays(101),
    });
    expect(claimsIn(body.data.lease).seq).toBeGreaterThan(claimsIn(before.lease).seq);
    expect(claimsIn(body.data.lease).jti).not.toBe(claimsIn(before.lease).jti);
    expect((await listed(license)).meta.total).toBe(1);
    expect((await events(before.activation.id)).at(-1)).toMatchObject({
      action: 'activation.updated',
      details: { hardware_id: machine, offline_until: inDays(101) },
    });
    // A panel that does phone home is answered, and known by the lease that was carried to it.
    const lease_id = claimsIn(body.data.lease).jti;
    const next = await app.panel('validate', panelBody(key, machine, { lease_id }));
    expect(next.status).toBe(200);
    expect((await listed(license)).data[0].clone_suspected_at).toBeNull();
  });

  it('never shortens what was promised before', async () => {
    const { license } = await app.sell();
    const hardware_id = hardwareId();
    await offline(license, { hardware_id, valid_days: 300 });
    const { body } = await offline(license, { hardware_id, valid_days: 10 });
    expect(body.data.check_in.valid_until).toBe(inDays(10));
    expect(body.data.activation.offline_until).toBe(inDays(311));
  });

  it('is not taken for absent while its lease lets it work', async () => {
    const { license, key } = await app.sell({ policy: { release_seat_after_days: 5 } });
    await offline(license, { hardware_id: hardwareId(), valid_days: 30 });
    app.clock.advance({ days: 40 });
    expect((await app.panel('activate', panelBody(key, hardwareId()))).body.code).toBe('MAX_ACTIVATIONS');
    app.clock.advance({ days: 1 });
    expect((await app.panel('activate', panelBody(key, hardwareId()))).status).toBe(201);
  });

  it('takes the place of a seat unseen for too long', async () => {
    const { license, machines } = await inUse(1, { release_seat_after_days: 5 });
    app.clock.advance({ days: 5 });
    const { status, body } = await offline(license, { hardware_id: hardwareId() });
    expect([status, body.data.license.activations]).toEqual([201, 1]);
    const { data } = await listed(license, '?released=true&sort=activated_at');
    expect(data).toMatchObject([
      { hardware_id: machines[0], release_reason: 'stale' },
      { released_at: null },
    ]);
    expect((await events(data[0].id)).at(-1)).toMatchObject({ details: { reason: 'stale' } });
  });

  it('goes on with the sequence of the seats that its hardware held before', async () => {
    const { license } = await app.sell();
    const hardware_id = hardwareId();
    const first = (await offline(license, { hardware_id })).body.data;
    await app.must('DELETE', path(license));
    const second = (await offline(license, { hardware_id })).body.data;
    expect(second.activation.id).not.toBe(first.activation.id);
    expect(claimsIn(second.lease).seq).toBeGreaterThan(claimsIn(first.lease).seq);
  });

  const REFUSALS = {
    REVOKED: ['License has been revoked', (id: string) => app.must('POST', `/licenses/${id}/revoke`)],
    SUSPENDED: ['License is suspended', (id: string) => app.must('POST', `/licenses/${id}/suspend`)],
    EXPIRED: [
      'License has expired',
      (id: string) => app.must('PATCH', `/licenses/${id}`, { expires_at: '2027-01-01T00:00:00Z' }),
    ],
    VERSION_TOO_LOW: [
      'Version is below the minimum supported version',
      (id: string) => app.must('PATCH', `/licenses/${id}`, { minimum_version: '2.0.0' }),
    ],
    HARDWARE_MISMATCH: [
      'Hardware is not activated for this license',
      (_id: string, hardware_id: string) => app.must('POST', '/blocklist', { hardware_id }),
    ],
    MAX_ACTIVATIONS: [
      'Maximum number of activations reached',
      (id: string) => offline({ id }, { hardware_id: hardwareId() }),
    ],
  } as const;
  it.each(Object.keys(REFUSALS) as (keyof typeof REFUSALS)[])(
    'is refused as %s like any activation',
    async (code) => {
      const [error, prepare] = REFUSALS[code];
      const { license, key } = await app.sell();
      const hardware = hardwareId();
      await prepare(license.id, hardware);
      const { data: before } = await listed(license, '?released=true');
      const { status, body } = await offline(license, { hardware_id: hardware });
      const details = { version: ['The version field must be at least 2.0.0.'] };
      expect([status, body]).toEqual([
        403,
        { success: false, error, code, ...(code === 'VERSION_TOO_LOW' && { details }) },
      ]);
      expect((await app.panel('activate', panelBody(key, hardware))).body).toMatchObject({ code, error });
      expect((await listed(license, '?released=true')).data).toEqual(before);
      const refused = (await events(license.id)).find(({ action }) => action === 'activation.refused');
      expect(refused).toMatchObject({
        actor_type: 'api_key',
        details: { action: 'activate', code, hardware_id: hardware, version: '1.0.0' },
      });
    },
  );

  it('starts from the newest lease when a phone-home renews it in between', async () => {
    const { license, machines } = await inUse(1);
    const renew = `update activations set lease_id = gen_random_uuid(), lease_seq = lease_seq + 1000000
      where license_id = $1`;
    const { status, body } = await blockedBy(
      (runner) => runner.query(renew, [license.id]),
      () => offline(license, { hardware_id: machines[0] }),
    );
    expect(status).toBe(201);
    expect(claimsIn(body.data.lease).seq).toBeGreaterThan(app.clock.now().getTime() + 900_000);
  });

  it('signs with the new key when the old one is withdrawn in between', async () => {
    const { license } = await app.sell();
    const [{ kid: compromised }] = (await offline(license, { hardware_id: hardwareId() })).body.data.jwks
      .keys;
    await app.must('DELETE', path(license));
    const master = parseMasterKey(app.config.MASTER_KEY ?? '');
    const options = { masterKey: master, now: app.clock.now(), issuer: app.config.PUBLIC_URL, compromised };
    const { status, body } = await blockedBy(
      (runner) => runner.query('select 1 from licenses where id = $1 for update', [license.id]),
      () => offline(license, { hardware_id: hardwareId() }),
      () => rotateSigningKey(app.dataSource.manager, options),
    );
    expect(status).toBe(201);
    const { kid } = JSON.parse(Buffer.from(body.data.lease.split('.')[0], 'base64url').toString());
    expect(kid).not.toBe(compromised);
    expect(body.data.jwks.keys.map((key: any) => key.kid)).toEqual([kid]);
  });

  it('never exceeds the limit when twenty come at once, panels among them', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 3 } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 2
          ? offline(license, { hardware_id: hardwareId() })
          : app.panel('activate', panelBody(key, hardwareId())),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ body }) => body.code === 'MAX_ACTIVATIONS')).toHaveLength(17);
    expect((await listed(license)).meta.total).toBe(3);
  });

  it('holds one seat when the same hardware is activated ten times at once while it phones home', async () => {
    const { license, key, machines } = await inUse(1);
    const [machine = ''] = machines;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 2 ? offline(license, { hardware_id: machine }) : app.panel('validate', panelBody(key, machine)),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...Array.from({ length: 10 }, () => 200),
      ...Array.from({ length: 10 }, () => 201),
    ]);
    expect((await listed(license, '?released=true')).meta.total).toBe(1);
  });

  it.each([
    [{ hardware_id: undefined }, { hardware_id: ['The hardware id field is required.'] }],
    [{ version: undefined }, { version: ['The version field is required.'] }],
    [{ valid_days: undefined }, { valid_days: ['The valid days field is required.'] }],
    [{ valid_days: 0 }, { valid_days: ['The valid days field must be at least 1.'] }],
    [{ valid_days: 3_651 }, { valid_days: ['The valid days field must not be greater than 3650.'] }],
    [{ license_key: 'x' }, { license_key: ['The license key field is prohibited.'] }],
  ])('is refused with %j', async (change, details) => {
    const { license } = await app.sell();
    const { status, body } = await offline(license, { hardware_id: hardwareId(), ...change });
    expect([status, body.details]).toEqual([422, details]);
  });
});
