import { startApp, hardwareId, type TestApp } from '../../../test/setup/app.js';
import { draft, release } from '../../../test/setup/releases.js';
import { failure, startDaemon, stopDaemons } from '../setup/daemons.js';
import { removePanels } from '../setup/panels.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  await stopDaemons();
  await removePanels();
  await app.stop();
});

const activated = async (given: Parameters<TestApp['sell']>[0] = {}) => {
  const sold = await app.sell(given);
  const daemon = await startDaemon(app);
  const reply = await daemon.call('POST', '/license/activate', { key: sold.key });
  expect(reply.status).toBe(200);
  return { ...sold, daemon, reply };
};

describe('a panel in any language', () => {
  it('sees that it has no license', async () => {
    const daemon = await startDaemon(app);
    const { status, headers, body } = await daemon.call('GET', '/license/');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(body).toEqual({
      license: {
        key: null,
        product: null,
        tier: null,
        state: 'unlicensed',
        code: 'NOT_ACTIVATED',
        message: expect.any(String),
        is_valid: false,
        has_license_file: false,
        needs_refresh: false,
        limits: {},
        features: [],
        expires_at: null,
        updates_until: null,
        valid_until: null,
        grace_until: null,
        refresh_after: null,
        last_checked: null,
        hardware_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      usage: {},
      warnings: [],
    });
    expect((await daemon.call('GET', '/license')).body).toEqual(body);
  });

  it('is licensed by a key, and shows its limits as fields, which none of them can pass for', async () => {
    const { reply, daemon, product, policy, key } = await activated({
      policy: { limits: { accounts: 10, is_valid: 0, domains: -1 }, features: ['backups'] },
    });
    const { license } = reply.body;
    expect(license).toMatchObject({
      key: expect.stringMatching(/^PANEL-\*{4}-\w{4}$/),
      product: product.code,
      tier: policy.code,
      state: 'licensed',
      code: 'VALID',
      is_valid: true,
      has_license_file: true,
      needs_refresh: false,
      accounts: 10,
      domains: -1,
      limits: { accounts: 10, is_valid: 0, domains: -1 },
      features: ['backups'],
      last_checked: app.clock.now().toISOString(),
    });
    expect((await daemon.call('GET', '/license/')).body).toEqual(reply.body);
    expect((await daemon.call('POST', '/license/verify')).body).toEqual(reply.body);
    expect(JSON.stringify(reply.body)).not.toContain(key);
    expect(daemon.lines.join('\n')).not.toContain(key);
    expect(daemon.lines.join('\n')).not.toContain(daemon.token);
  });

  it.each([
    ['an empty body', undefined],
    ['an empty object', {}],
    ['null', { key: null }],
    ['an empty key', { key: '  ' }],
  ])('is told to send a key instead of %s', async (_, body) => {
    const daemon = await startDaemon(app);
    const reply = await daemon.call('POST', '/license/activate', body);
    expect(reply.body).toEqual(failure(400, 'VALIDATION_ERROR', 'License key is required'));
  });

  it('is told of a typo before anyone is asked, and may insist', async () => {
    const daemon = await startDaemon(app);
    const body = { key: 'PANEL-0000-0000-0000-0000-0001' };
    expect(await daemon.call('POST', '/license/activate', body)).toMatchObject({
      status: 400,
      body: failure(400, 'KEY_TYPO', expect.stringMatching(/\.$/)),
    });
    expect(await daemon.call('POST', '/license/activate', { ...body, force: true })).toMatchObject({
      status: 401,
      body: failure(401, 'INVALID_KEY', 'Invalid license key'),
    });
  });

  it('is told a refusal at the next refresh, in the words of the service', async () => {
    const { daemon, license } = await activated();
    await app.must('POST', `/licenses/${license.id}/suspend`, {});
    expect((await daemon.call('POST', '/license/verify')).body.license.is_valid).toBe(true);
    const refused = await daemon.call('POST', '/license/refresh');
    expect(refused.body).toEqual(failure(403, 'SUSPENDED', 'License is suspended'));
    expect((await daemon.call('GET', '/license/')).body.license).toMatchObject({
      is_valid: false,
      state: 'unlicensed',
      code: 'SUSPENDED',
    });
    await app.must('POST', `/licenses/${license.id}/reinstate`, {});
    expect((await daemon.call('POST', '/license/refresh')).body.license).toMatchObject({ state: 'licensed' });
  });

  it('is told when to ask again while the service cannot be reached, and stays licensed', async () => {
    const { daemon: first } = await activated();
    await first.daemon.stop();
    const away = first.panel.twin({ server: 'http://127.0.0.1:9' });
    const daemon = await startDaemon(app, { panel: { ...first.panel, agent: away } });
    const reply = await daemon.call('POST', '/license/refresh', {});
    expect(reply.body).toEqual(failure(503, 'INTERNAL_ERROR', expect.stringMatching(/127\.0\.0\.1:9.*\.$/)));
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    const { license, warnings } = (await daemon.call('GET', '/license/')).body;
    expect(license).toMatchObject({ state: 'unreachable', is_valid: true });
    expect(warnings).toHaveLength(1);
  });

  it('gives its seat back, and says so when there is none to give', async () => {
    const { daemon, license } = await activated();
    const { body, status } = await daemon.call('POST', '/license/deactivate');
    expect([status, body.license.code]).toEqual([200, 'NOT_ACTIVATED']);
    expect(await app.must('GET', `/licenses/${license.id}/activations`)).toEqual([]);
    expect((await daemon.call('POST', '/license/deactivate')).body).toEqual(
      failure(409, 'NOT_ACTIVATED', expect.any(String)),
    );
    expect((await daemon.call('POST', '/license/refresh')).status).toBe(409);
  });

  it('moves the seat of a machine that is gone', async () => {
    const { daemon, key, license } = await activated({ license: { max_activations: 2 } });
    const gone = hardwareId();
    await app.panel('activate', { license_key: key, hardware_id: gone, version: '1.0.0' });
    const reply = await daemon.call('POST', '/license/rebind', { previous_hardware_id: gone.toUpperCase() });
    expect([reply.status, reply.body.license?.state]).toEqual([200, 'licensed']);
    const seats = await app.must('GET', `/licenses/${license.id}/activations`);
    expect(seats.map((seat: any) => seat.hardware_id)).toEqual([reply.body.license.hardware_id]);
    expect(
      (await daemon.call('POST', '/license/rebind', { previous_hardware_id: hardwareId() })).body,
    ).toEqual(failure(403, 'HARDWARE_MISMATCH', 'Hardware is not activated for this license'));
  });

  it('moves a seat with a key that was never here', async () => {
    const { key } = await app.sell();
    const gone = hardwareId();
    await app.panel('activate', { license_key: key, hardware_id: gone, version: '1.0.0' });
    const daemon = await startDaemon(app);
    expect((await daemon.call('POST', '/license/rebind', { previous_hardware_id: gone })).status).toBe(409);
    expect((await daemon.call('POST', '/license/rebind', { key })).body).toEqual(
      failure(400, 'VALIDATION_ERROR', 'The previous hardware id field is required.'),
    );
    const reply = await daemon.call('POST', '/license/rebind', { key, previous_hardware_id: gone });
    expect([reply.status, reply.body.license?.state]).toEqual([200, 'licensed']);
  });

  it('is not blamed for what is set wrong on its machine', async () => {
    const { daemon: first } = await activated();
    await first.daemon.stop();
    const agent = first.panel.twin({ versionFile: '/nowhere/VERSION' });
    const daemon = await startDaemon(app, { panel: { ...first.panel, agent } });
    expect((await daemon.call('GET', '/version/info')).body).toMatchObject({ current_version: null });
    for (const [method, path] of [
      ['POST', '/license/refresh'],
      ['GET', '/version/check'],
      ['POST', '/version/update'],
    ] as const) {
      expect((await daemon.call(method, path)).body).toEqual(
        failure(500, 'INTERNAL_ERROR', expect.stringContaining('/nowhere/VERSION')),
      );
    }
  });

  it('reports what it uses, which the next refresh takes to the service', async () => {
    const { daemon, license } = await activated();
    const reply = await daemon.call('PUT', '/license/usage', { accounts: 7, domains: 0 });
    expect([reply.status, reply.body]).toEqual([200, { usage: { accounts: 7, domains: 0 } }]);
    expect((await daemon.call('POST', '/license/refresh')).body.usage).toEqual({ accounts: 7, domains: 0 });
    const [seat] = await app.must('GET', `/licenses/${license.id}/activations`);
    expect(seat.usage).toEqual({ accounts: 7, domains: 0 });
  });

  it('sees which version it runs and which it could', async () => {
    const { daemon, product } = await activated();
    await release(app, product, { version: '1.1.0', changelog: 'Faster.' });
    await draft(app, product, { version: '1.2.0' });
    expect((await daemon.call('GET', '/version/info')).body).toEqual({
      current_version: '1.0.0',
      product: product.code,
      channel: 'stable',
      platform: 'linux',
      arch: 'x64',
      agent_version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      server: app.url,
    });
    expect((await daemon.call('GET', '/version/check')).body).toMatchObject({
      update_available: true,
      current_version: '1.0.0',
      latest_version: '1.1.0',
      changelog: 'Faster.',
      via_version: null,
      updates_expired: false,
    });
    expect((await daemon.call('GET', '/version/changelog')).body).toEqual({
      version: '1.1.0',
      changelog: 'Faster.',
    });
  });

  it('is told so when it asks for updates without a license', async () => {
    const daemon = await startDaemon(app);
    for (const path of ['/version/check', '/version/changelog']) {
      expect((await daemon.call('GET', path)).body).toMatchObject({ success: false, code: 'NOT_ACTIVATED' });
    }
  });
});
