import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { untilLockWaits } from '../setup/locks.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const seats = (licenseId: string) =>
  app.sql(`select * from activations where license_id = $1 and released_at is null`, [licenseId]);
const events = async (action: string, subjectId: string) =>
  app.sql(
    `select * from audit_events where action = $1 and (subject_id = $2 or details->>'license_id' = $2)`,
    [action, subjectId],
  );

describe('activate', () => {
  it('binds the hardware and answers the license, the seat, the times and a lease', async () => {
    const { license, product, policy, key } = await app.sell({
      policy: { limits: { accounts: 10, domains: -1 }, features: ['backup'], max_activations: 2 },
    });
    const hardware = hardwareId();
    const body = panelBody(key, hardware, { hostname: 'web1.example.test', usage: { accounts: 3 } });
    const { status, body: answer } = await app.panel('activate', body);
    expect(status).toBe(201);
    expect(answer).toEqual({
      valid: true,
      license: {
        id: license.id,
        key: `PANEL-****-${key.slice(-4)}`,
        product: product.code,
        tier: policy.code,
        status: 'active',
        limits: { accounts: 10, domains: -1 },
        features: ['backup'],
        max_activations: 2,
        activations: 1,
        expires_at: null,
        updates_until: null,
      },
      activation: {
        id: expect.stringMatching(/^[0-9a-f-]{14}7[0-9a-f]{3}-/),
        hardware_id: hardware,
        hostname: 'web1.example.test',
        version: '1.0.0',
        activated_at: app.clock.now().toISOString(),
        last_seen_at: app.clock.now().toISOString(),
      },
      check_in: {
        refresh_after: expect.any(String),
        valid_until: '2027-03-04T12:00:00Z',
        grace_until: '2027-03-15T12:00:00Z',
      },
      lease: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    });
    const jitter = new Date(answer.check_in.refresh_after).getTime() - app.clock.now().getTime();
    expect(jitter / 3_600_000).toBeGreaterThanOrEqual(24 * 0.9 - 0.001);
    expect(jitter / 3_600_000).toBeLessThanOrEqual(24 * 1.1);
    const [seat] = await seats(license.id);
    expect(seat).toMatchObject({ hardware_id: hardware, usage: { accounts: 3 }, released_at: null });
    expect(await events('activation.created', license.id)).toHaveLength(1);
  });

  it('answers the same seat and the same lease again with 200', async () => {
    const { license, key } = await app.sell();
    const hardware = hardwareId();
    const first = await app.panel('activate', panelBody(key, hardware));
    const second = await app.panel('activate', panelBody(key, hardware.toUpperCase()));
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body.activation.id).toBe(first.body.activation.id);
    expect(second.body.lease).toBe(first.body.lease);
    expect(await seats(license.id)).toHaveLength(1);
  });

  it('reads a key whatever its case, its spaces and its misread letters', async () => {
    const { key } = await app.sell();
    const [prefix, ...groups] = key.split('-');
    const typed = ` ${prefix?.toLowerCase()}-${groups.join('-').replaceAll('0', 'o').replaceAll('1', 'l')} `;
    expect((await app.panel('activate', panelBody(typed, hardwareId()))).status).toBe(201);
  });

  it('refuses the seat after the last one, and leaves nothing but an audit event', async () => {
    const { license, key } = await app.sell();
    await app.panel('activate', panelBody(key, hardwareId()));
    const { status, body } = await app.panel('activate', panelBody(key, hardwareId()));
    expect(status).toBe(403);
    expect(body).toEqual({
      valid: false,
      error: 'Maximum number of activations reached',
      code: 'MAX_ACTIVATIONS',
    });
    expect(await seats(license.id)).toHaveLength(1);
    expect(await events('activation.refused', license.id)).toHaveLength(1);
  });

  it('frees the longest unseen seat for a new machine when the policy says so', async () => {
    const { license, key } = await app.sell({ policy: { release_seat_after_days: 30, max_activations: 2 } });
    const [old, older, fresh] = [hardwareId(), hardwareId(), hardwareId()];
    await app.panel('activate', panelBody(key, older));
    app.clock.advance({ days: 1 });
    await app.panel('activate', panelBody(key, old));
    app.clock.advance({ days: 28 });
    expect((await app.panel('activate', panelBody(key, fresh))).body.code).toBe('MAX_ACTIVATIONS');
    app.clock.advance({ days: 2 });
    expect((await app.panel('activate', panelBody(key, fresh))).status).toBe(201);
    expect((await app.panel('validate', panelBody(key, older))).body.code).toBe('HARDWARE_MISMATCH');
    expect((await app.panel('validate', panelBody(key, old))).body.valid).toBe(true);
    expect(await seats(license.id)).toHaveLength(2);
  });
});

it('does not take the seat of a machine that phones home in this very moment', async () => {
  const { key } = await app.sell({ policy: { release_seat_after_days: 30 } });
  const [absent, fresh] = [hardwareId(), hardwareId()];
  await app.panel('activate', panelBody(key, absent));
  app.clock.advance({ days: 31 });
  const phoningHome = app.dataSource.createQueryRunner();
  await phoningHome.startTransaction();
  await phoningHome.query('update activations set last_seen_at = $1 where hardware_id = $2', [
    app.clock.now(),
    absent,
  ]);
  const asked = app.panel('activate', panelBody(key, fresh));
  await untilLockWaits(app);
  await phoningHome.commitTransaction();
  await phoningHome.release();
  expect((await asked).body.code).toBe('MAX_ACTIVATIONS');
});

describe('validate', () => {
  it('records what the panel reports and takes no seat', async () => {
    const { license, key } = await app.sell();
    const hardware = hardwareId();
    expect((await app.panel('validate', panelBody(key, hardware))).body.code).toBe('HARDWARE_MISMATCH');
    expect(await seats(license.id)).toHaveLength(0);
    await app.panel('activate', panelBody(key, hardware, { hostname: 'a' }));
    app.clock.advance({ hours: 24 });
    const { body } = await app.panel(
      'validate',
      panelBody(key, hardware, { version: '1.1.0', usage: { accounts: 5 } }),
    );
    expect(body.activation).toMatchObject({
      version: '1.1.0',
      hostname: 'a',
      last_seen_at: app.clock.now().toISOString(),
    });
    expect(await seats(license.id)).toMatchObject([{ version: '1.1.0', usage: { accounts: 5 } }]);
  });

  it('sees a revocation, a suspension and a reinstatement at the very next call', async () => {
    const { license, key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    const next = async () => (await app.panel('validate', panelBody(key, hardware))).body.code ?? 'VALID';
    await app.must('POST', `/licenses/${license.id}/suspend`);
    expect(await next()).toBe('SUSPENDED');
    await app.must('POST', `/licenses/${license.id}/reinstate`);
    expect(await next()).toBe('VALID');
    await app.must('POST', `/licenses/${license.id}/revoke`);
    expect(await next()).toBe('REVOKED');
  });

  it('names the floor when the version is below it', async () => {
    const { product, key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    await app.must('PATCH', `/products/${product.id}`, { minimum_version: '2.0.0' });
    const { status, body } = await app.panel('validate', panelBody(key, hardware, { version: '2.0.0-rc.1' }));
    expect(status).toBe(403);
    expect(body).toEqual({
      valid: false,
      error: 'Version is below the minimum supported version',
      code: 'VERSION_TOO_LOW',
      details: { version: ['The version field must be at least 2.0.0.'] },
    });
  });

  it('takes a key of nothing but blanks for a missing one', async () => {
    const { status, body } = await app.panel('validate', panelBody('   ', hardwareId()));
    expect(status).toBe(422);
    expect(body.details).toEqual({ license_key: ['The license key field is required.'] });
  });

  it('refuses a key of another product and a key that never was in the same words', async () => {
    const { key } = await app.sell();
    const other = await app.sell();
    const wrong = await app.panel('validate', panelBody(key, hardwareId(), { product: other.product.code }));
    const unknown = await app.panel('validate', panelBody('NO-SUCH-KEY', hardwareId()));
    const typo = await app.panel(
      'validate',
      panelBody(`${key.slice(0, -1)}${key.endsWith('2') ? '3' : '2'}`, hardwareId()),
    );
    for (const { status, body } of [wrong, unknown, typo]) {
      expect(status).toBe(401);
      expect(body).toEqual({ valid: false, error: 'Invalid license key', code: 'INVALID_KEY' });
    }
  });

  it('refuses hardware on the blocklist, whatever it asks for', async () => {
    const { key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    await app.must('POST', '/blocklist', { hardware_id: hardware.toUpperCase() });
    for (const action of ['activate', 'validate', 'deactivate'] as const) {
      expect((await app.panel(action, panelBody(key, hardware))).body.code).toBe('HARDWARE_MISMATCH');
    }
  });

  it('refuses a published version that came out after the updates window, unless it is a security release', async () => {
    const { product, key } = await app.sell({ license: { updates_until: '2027-03-01T12:00:00Z' } });
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    const release = async (version: string, security: boolean) => {
      const draft = await app.must('POST', '/versions', {
        product: product.code,
        version,
        security,
        released_at: '2027-03-01T12:00:01Z',
      });
      await app.request(
        'POST',
        `/api/v1/admin/versions/${draft.id}/artifacts?platform=linux&arch=x64&filename=p.tgz`,
        {
          raw: 'bytes',
          headers: { 'x-admin-key': app.adminKey, 'content-type': 'application/octet-stream' },
        },
      );
      await app.must('POST', `/versions/${draft.id}/publish`);
    };
    await release('3.0.0', false);
    await release('3.0.1', true);
    const ask = async (version: string) =>
      (await app.panel('validate', panelBody(key, hardware, { version }))).body.code;
    expect(await ask('3.0.0+build.7')).toBe('UPDATES_EXPIRED');
    expect(await ask('3.0.1')).toBeUndefined();
    expect(await ask('3.0.2')).toBeUndefined();
  });
});

describe('deactivate', () => {
  it('frees the seat for another machine, once', async () => {
    const { license, key } = await app.sell();
    const [first, second] = [hardwareId(), hardwareId()];
    await app.panel('activate', panelBody(key, first));
    expect(await app.panel('deactivate', panelBody(key, first))).toMatchObject({
      status: 200,
      body: { valid: true, deactivated: true },
    });
    expect((await app.panel('deactivate', panelBody(key, first))).body.code).toBe('HARDWARE_MISMATCH');
    expect((await app.panel('activate', panelBody(key, second))).status).toBe(201);
    expect(await events('activation.released', license.id)).toHaveLength(1);
  });

  it('works for an expired and a suspended license, not for a revoked one', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 3 } });
    const hardware = [hardwareId(), hardwareId(), hardwareId()] as const;
    for (const id of hardware) await app.panel('activate', panelBody(key, id));
    await app.must('PATCH', `/licenses/${license.id}`, { expires_at: '2020-01-01T00:00:00Z' });
    expect((await app.panel('validate', panelBody(key, hardware[0]))).body.code).toBe('EXPIRED');
    expect((await app.panel('deactivate', panelBody(key, hardware[0]))).body.deactivated).toBe(true);
    await app.must('POST', `/licenses/${license.id}/suspend`);
    expect((await app.panel('deactivate', panelBody(key, hardware[1]))).body.deactivated).toBe(true);
    await app.must('POST', `/licenses/${license.id}/revoke`);
    expect((await app.panel('deactivate', panelBody(key, hardware[2]))).body.code).toBe('REVOKED');
  });
});

const rebind = (key: string, from: string, to: string) =>
  app.panel('rebind', panelBody(key, to, { previous_hardware_id: from }));

describe('rebind', () => {
  it('moves the seat, and the same move sent again costs nothing', async () => {
    const { license, key } = await app.sell();
    const [from, to] = [hardwareId(), hardwareId()];
    await app.panel('activate', panelBody(key, from));
    const moved = await rebind(key, from, to);
    expect(moved).toMatchObject({ status: 200, body: { valid: true, activation: { hardware_id: to } } });
    const again = await rebind(key, from, to);
    expect(again.body.activation.id).toBe(moved.body.activation.id);
    expect((await app.panel('validate', panelBody(key, from))).body.code).toBe('HARDWARE_MISMATCH');
    expect(await app.sql('select * from rebinds where license_id = $1', [license.id])).toHaveLength(1);
    expect(await seats(license.id)).toHaveLength(1);
  });

  it('is refused beyond the quota until thirty days have passed', async () => {
    const { key } = await app.sell({ policy: { rebind_quota: 2 } });
    const ids = Array.from({ length: 5 }, hardwareId) as [string, string, string, string, string];
    await app.panel('activate', panelBody(key, ids[0]));
    expect((await rebind(key, ids[0], ids[1])).status).toBe(200);
    app.clock.advance({ days: 10 });
    expect((await rebind(key, ids[1], ids[2])).status).toBe(200);
    expect((await rebind(key, ids[2], ids[3])).body.code).toBe('MAX_ACTIVATIONS');
    app.clock.advance({ days: 21 });
    expect((await rebind(key, ids[2], ids[3])).status).toBe(200);
  });

  it('recognises a move, and counts it, on a node whose clock is behind', async () => {
    const { license, key } = await app.sell({ policy: { rebind_quota: 1 } });
    const [from, to] = [hardwareId(), hardwareId()];
    await app.panel('activate', panelBody(key, from));
    const now = app.clock.now();
    expect((await rebind(key, from, to)).status).toBe(200);
    app.clock.advance({ seconds: -2 });
    expect((await rebind(key, from, to)).status).toBe(200);
    expect((await rebind(key, to, hardwareId())).body.code).toBe('MAX_ACTIVATIONS');
    app.clock.set(now);
    expect(await app.sql('select * from rebinds where license_id = $1', [license.id])).toHaveLength(1);
  });

  it('does not let a blocked machine get away with its seat', async () => {
    const { key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    await app.must('POST', '/blocklist', { hardware_id: hardware });
    expect((await rebind(key, hardware, hardwareId())).body.code).toBe('HARDWARE_MISMATCH');
  });

  it('changes nothing when both ids are the same, and needs a seat to move', async () => {
    const { license, key } = await app.sell();
    const hardware = hardwareId();
    expect((await rebind(key, hardware, hardwareId())).body.code).toBe('HARDWARE_MISMATCH');
    expect((await rebind(key, hardware, hardware)).body.code).toBe('HARDWARE_MISMATCH');
    const { body } = await app.panel('activate', panelBody(key, hardware));
    const same = await rebind(key, hardware, hardware.toUpperCase());
    expect(same).toMatchObject({ status: 200, body: { activation: { id: body.activation.id } } });
    expect(await app.sql('select * from rebinds where license_id = $1', [license.id])).toHaveLength(0);
  });

  it('keeps the seat of a target that has one and releases the old one', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 2 } });
    const [from, to] = [hardwareId(), hardwareId()];
    await app.panel('activate', panelBody(key, from));
    const target = await app.panel('activate', panelBody(key, to));
    const { body } = await rebind(key, from, to);
    expect(body.activation.id).toBe(target.body.activation.id);
    expect(body.license.activations).toBe(1);
    expect(await seats(license.id)).toHaveLength(1);
  });
});
