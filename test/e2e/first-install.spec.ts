import { hardwareId, startApp, type TestApp } from '../setup/app.js';
import { askToken, checkUpdate, install, release } from '../setup/releases.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const LINUX = { platform: 'linux', arch: 'x64' };

const refusalOf = async (asking: ReturnType<typeof askToken>) => {
  const { status, body } = await asking;
  return [status, body];
};

describe('a first install', () => {
  let apiKey: Record<string, string>;
  beforeAll(async () => {
    const { key } = await app.must('POST', '/api-keys', { name: 'Portal', permissions: ['downloads:write'] });
    apiKey = { 'x-admin-key': key };
  });

  it('gets a token for license and file with an API key alone, and holds no seat', async () => {
    const { product, license, key } = await app.sell();
    await release(app, product, { version: '1.1.0' }, [LINUX]);
    const { status, body } = await askToken(app, { license_key: key, ...LINUX }, apiKey);
    expect([status, body.version]).toEqual([201, '1.1.0']);
    expect(
      await app.sql('select activation_id from download_tokens where license_id = $1', [license.id]),
    ).toEqual([{ activation_id: null }]);
    const bearer = { authorization: `Bearer ${apiKey['x-admin-key']}` };
    expect((await askToken(app, { license_key: key, ...LINUX }, bearer)).status).toBe(201);
  });

  it('is held to the license and the updates window, and to no rollout that is not whole', async () => {
    const { product, license, key } = await app.sell({ license: { updates_until: '2027-03-01T00:00:00Z' } });
    const ask = (more: object = {}) => refusalOf(askToken(app, { license_key: key, ...more }, apiKey));
    await release(app, product, { version: '3.0.0', released_at: '2027-04-01T00:00:00Z' });
    expect(await ask()).toEqual([403, { error: 'Updates expired' }]);
    const early = { released_at: '2027-01-01T00:00:00Z' };
    await release(app, product, { version: '1.1.0', minimum_upgrade_version: '1.0.0', ...early });
    await release(app, product, { version: '1.2.0', rollout_percent: 99, ...early });
    expect(await ask()).toMatchObject([201, { version: '1.1.0' }]);
    expect(await ask({ version: '1.2.0' })).toMatchObject([201, { version: '1.2.0' }]);
    await app.must('POST', `/licenses/${license.id}/suspend`);
    expect(await ask()).toEqual([401, { error: 'Invalid license' }]);
    expect(await refusalOf(askToken(app, { license_key: 'NO-SUCH-KEY' }, apiKey))).toEqual([
      401,
      { error: 'Invalid license' },
    ]);
  });

  it('needs an API key that may download', async () => {
    const { key } = await app.sell();
    const { key: reader } = await app.must('POST', '/api-keys', { name: 'Reader', permissions: ['read'] });
    expect(await refusalOf(askToken(app, { license_key: key }, { 'x-admin-key': reader }))).toEqual([
      403,
      { error: "API key is not scoped for 'downloads'" },
    ]);
    const required = [422, { error: 'The hardware id field is required.' }];
    expect(await refusalOf(askToken(app, { license_key: key }))).toEqual(required);
    const basic = { authorization: 'Basic dXNlcjpwYXNz' };
    expect(await refusalOf(askToken(app, { license_key: key }, basic))).toEqual(required);
  });

  it('is told when its API key is no good', async () => {
    const { key } = await app.sell();
    const issue = (more: object) =>
      app.must('POST', '/api-keys', { name: 'Portal', permissions: ['downloads:write'], ...more });
    const [expired, disabled] = [await issue({ expires_in: 1 }), await issue({})];
    await app.must('PATCH', `/api-keys/${disabled.id}`, { enabled: false });
    app.clock.advance({ seconds: 86_400 });
    for (const credential of [expired.key, disabled.key, `mk_${'0'.repeat(48)}`, 'nonsense']) {
      for (const [name, value] of [
        ['x-admin-key', credential],
        ['authorization', `Bearer ${credential}`],
      ]) {
        expect(await refusalOf(askToken(app, { license_key: key }, { [name]: value }))).toEqual([
          401,
          { error: 'Invalid or missing API key' },
        ]);
      }
    }
  });

  it('is no way around the hardware: a panel that is there must say what it is', async () => {
    const { asks } = await install(app);
    const { hardware_id: _, ...rest } = asks;
    expect(await refusalOf(askToken(app, rest, apiKey))).toEqual([
      422,
      { error: 'The hardware id field is required.' },
    ]);
    expect(await refusalOf(askToken(app, { ...asks, hardware_id: hardwareId() }, apiKey))).toEqual([
      401,
      { error: 'Invalid license' },
    ]);
    expect((await checkUpdate(app, { license_key: asks.license_key })).body).toEqual({
      error: 'The hardware id field is required.',
    });
  });
});
