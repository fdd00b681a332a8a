import { hash } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { hardwareId, startApp, type TestApp } from '../setup/app.js';
import { askToken, checkUpdate, draft, install, release } from '../setup/releases.js';

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

describe('check-update', () => {
  it('offers the newest release with everything about it', async () => {
    const { product, asks } = await install(app);
    await release(app, product, { version: '1.1.0' });
    await release(app, product, { version: '1.2.0', changelog: 'Faster.', mandatory: true }, [LINUX]);
    const { status, body } = await checkUpdate(app, { ...asks, ...LINUX });
    expect(status).toBe(200);
    expect(body).toEqual({
      update_available: true,
      current_version: '1.0.0',
      latest_version: '1.2.0',
      changelog: 'Faster.',
      released_at: app.clock.now().toISOString(),
      mandatory: true,
      security: false,
      size: 'the bytes of 1.2.0'.length,
      sha256: hash('sha256', 'the bytes of 1.2.0'),
      via_version: null,
      updates_expired: false,
    });
  });

  it('says so when there is nothing newer', async () => {
    const { product, asks } = await install(app);
    await release(app, product, { version: '1.0.0' });
    await draft(app, product, { version: '2.0.0' });
    expect((await checkUpdate(app, asks)).body).toEqual({
      update_available: false,
      current_version: '1.0.0',
      latest_version: '1.0.0',
      changelog: null,
      released_at: null,
      mandatory: false,
      security: false,
      size: null,
      sha256: null,
      via_version: null,
      updates_expired: false,
    });
  });

  it('compares versions by number, pre-releases included', async () => {
    const { product, asks } = await install(app);
    for (const version of ['1.9.0', '1.10.0-rc.1', '1.10.0-rc.10', '0.9.0']) {
      await release(app, product, { version });
    }
    const latest = async (current_version: string) =>
      (await checkUpdate(app, { ...asks, current_version })).body.latest_version;
    expect(await latest('1.0.0')).toBe('1.10.0-rc.10');
    expect(await latest('1.9.0')).toBe('1.10.0-rc.10');
    expect(await latest('1.10.0-rc.2')).toBe('1.10.0-rc.10');
    expect(await latest('1.10.0')).toBe('1.10.0');
    expect(await latest('0.1.0')).toBe('1.10.0-rc.10');
  });

  it('names the stepping stone, and tells about that', async () => {
    const { product, asks } = await install(app);
    await release(app, product, { version: '1.5.0', changelog: 'A stone.' });
    await release(app, product, {
      version: '2.0.0',
      minimum_upgrade_version: '1.5.0',
      changelog: 'The goal.',
    });
    expect((await checkUpdate(app, asks)).body).toMatchObject({
      update_available: true,
      latest_version: '2.0.0',
      via_version: '1.5.0',
      changelog: 'A stone.',
      sha256: hash('sha256', 'the bytes of 1.5.0'),
    });
    expect((await askToken(app, asks)).body.version).toBe('1.5.0');
    expect((await checkUpdate(app, { ...asks, current_version: '1.5.0' })).body).toMatchObject({
      latest_version: '2.0.0',
      via_version: null,
    });
  });

  it('keeps channels apart, and lets the wider see the narrower', async () => {
    const { product, asks } = await install(app);
    await release(app, product, { version: '1.1.0' });
    await release(app, product, { version: '1.2.0-beta.1', channel: 'beta' });
    await release(app, product, { version: '1.3.0-alpha.1', channel: 'alpha' });
    const latest = async (channel?: string) =>
      (await checkUpdate(app, { ...asks, channel })).body.latest_version;
    expect(await latest()).toBe('1.1.0');
    expect(await latest('beta')).toBe('1.2.0-beta.1');
    expect(await latest('alpha')).toBe('1.3.0-alpha.1');
  });

  it('offers a rollout to no panel at 0, and to all once it is at 100', async () => {
    const { product, asks } = await install(app);
    const { id } = await release(app, product, { version: '1.1.0', rollout_percent: 0 });
    expect((await checkUpdate(app, asks)).body.update_available).toBe(false);
    await app.must('POST', `/versions/${id}/rollout`, { rollout_percent: 100 });
    expect((await checkUpdate(app, asks)).body.update_available).toBe(true);
  });

  it('offers what has no file for the machine when nothing else is there, and a token says so', async () => {
    const { product, asks } = await install(app);
    await release(app, product, { version: '1.1.0' }, [LINUX, { platform: 'win32', arch: 'x64' }]);
    expect((await checkUpdate(app, asks)).body).toMatchObject({
      update_available: true,
      latest_version: '1.1.0',
      size: null,
      sha256: null,
    });
    expect(await refusalOf(askToken(app, asks))).toEqual([404, { error: 'Artifact not found' }]);
    const { status, body } = await askToken(app, { ...asks, platform: 'linux' });
    expect([status, body.version]).toEqual([201, '1.1.0']);
  });

  it('does not offer what is for other machines alone', async () => {
    const { product, asks } = await install(app);
    await release(app, product, { version: '1.1.0' }, [LINUX]);
    await release(app, product, { version: '1.2.0' }, [{ platform: 'darwin', arch: 'arm64' }]);
    expect((await checkUpdate(app, { ...asks, ...LINUX })).body.latest_version).toBe('1.1.0');
    expect((await checkUpdate(app, { ...asks, platform: 'Linux', arch: 'X64' })).body.latest_version).toBe(
      '1.1.0',
    );
  });

  it('stops offering a version at the call after its yank', async () => {
    const { product, asks } = await install(app);
    const { id } = await release(app, product, { version: '1.1.0' });
    expect((await checkUpdate(app, asks)).body.update_available).toBe(true);
    await app.must('POST', `/versions/${id}/yank`);
    expect((await checkUpdate(app, asks)).body.update_available).toBe(false);
  });

  it('tells that only the updates window hides a newer one, which a security release gets through', async () => {
    const { product, asks } = await install(app, { license: { updates_until: '2027-03-01T00:00:00Z' } });
    await release(app, product, { version: '1.1.0', released_at: '2027-03-01T00:00:00Z' });
    await release(app, product, { version: '1.2.0', released_at: '2027-03-01T00:00:01Z' });
    expect((await checkUpdate(app, asks)).body).toMatchObject({
      latest_version: '1.1.0',
      updates_expired: true,
    });
    await release(app, product, { version: '1.3.0', released_at: '2027-03-02T00:00:00Z', security: true });
    expect((await checkUpdate(app, asks)).body).toMatchObject({
      latest_version: '1.3.0',
      security: true,
      updates_expired: false,
    });
  });

  it('serves a panel below the floor: that is its way back', async () => {
    const { product, asks } = await install(app);
    await release(app, product, { version: '2.0.0' });
    await app.must('PATCH', `/products/${product.id}`, { minimum_version: '2.0.0' });
    expect((await checkUpdate(app, asks)).body.latest_version).toBe('2.0.0');
    expect((await askToken(app, asks)).status).toBe(201);
  });

  it('takes no seat and changes none', async () => {
    const { license, asks } = await install(app);
    const before = await app.sql('select * from activations where license_id = $1', [license.id]);
    await checkUpdate(app, asks);
    await checkUpdate(app, { ...asks, hardware_id: hardwareId() });
    expect(await app.sql('select * from activations where license_id = $1', [license.id])).toEqual(before);
  });
});

describe('a token', () => {
  it('is for what check-update offers, and its signature says what the file must be', async () => {
    const { product, asks } = await install(app);
    await release(app, product, { version: '1.1.0' }, [{ ...LINUX, filename: 'panel-1.1.0.tgz' }]);
    const { status, body } = await askToken(app, { ...asks, ...LINUX });
    const { token, signature, ...rest } = body;
    expect(status).toBe(201);
    expect(rest).toEqual({
      url: `https://licenses.example.test/api/v1/download/file/${token}`,
      expires_in: 900,
      version: '1.1.0',
      filename: 'panel-1.1.0.tgz',
      size: 18,
      sha256: hash('sha256', 'the bytes of 1.1.0'),
    });
    const { body: keys } = await app.request('GET', '/api/v1/license/keys');
    const { payload } = await jwtVerify(signature, createLocalJWKSet(keys), {
      typ: 'mooring-artifact+jwt',
      issuer: 'https://licenses.example.test',
      currentDate: app.clock.now(),
    });
    expect(payload).toMatchObject({
      product: product.code,
      version: '1.1.0',
      ...LINUX,
      filename: 'panel-1.1.0.tgz',
      size: 18,
      sha256: rest.sha256,
    });
  });

  it('is kept as a hash, and the expired ones are dropped when others are made', async () => {
    const { license, product, asks } = await install(app);
    await release(app, product, { version: '1.1.0' });
    const { token } = (await askToken(app, asks)).body;
    const stored = () => app.sql('select hash from download_tokens where license_id = $1', [license.id]);
    const [row] = await stored();
    expect(Buffer.from(row.hash).toString('latin1')).not.toContain(token);
    expect(Buffer.from(row.hash)).not.toEqual(Buffer.from(token, 'base64url'));
    app.clock.advance({ seconds: 901 });
    await askToken(app, asks);
    expect(await stored()).toHaveLength(1);
  });

  it('is for the version asked for, whatever its rollout and build, also to go back', async () => {
    const { product, asks } = await install(app);
    await release(app, product, { version: '0.9.0' });
    await release(app, product, { version: '1.1.0+build.7', rollout_percent: 0 });
    expect((await askToken(app, { ...asks, version: '1.1.0' })).body.version).toBe('1.1.0+build.7');
    expect((await askToken(app, { ...asks, version: '0.9.0' })).body.version).toBe('0.9.0');
  });

  it('is refused in this order: version, updates window, stepping stone, file', async () => {
    const { product, asks } = await install(app, { license: { updates_until: '2027-03-01T00:00:00Z' } });
    const of = (more: object) => refusalOf(askToken(app, { ...asks, ...LINUX, ...more }));
    const late = { released_at: '2028-01-01T00:00:00Z' };
    const far = { minimum_upgrade_version: '1.5.0' };
    const mac = [{ platform: 'darwin' }];
    expect(await of({})).toEqual([404, { error: 'Version not found' }]);
    await release(app, product, { version: '2.0.0', channel: 'beta', ...late, ...far }, mac);
    expect(await of({ version: '2.0.0' })).toEqual([404, { error: 'Version not found' }]);
    expect(await of({ version: '2.0.0', channel: 'beta' })).toEqual([403, { error: 'Updates expired' }]);
    await release(app, product, { version: '3.0.0', ...far }, mac);
    expect(await of({ version: '3.0.0' })).toEqual([403, { error: 'Updates expired' }]);
    await release(app, product, { version: '1.8.0', ...far, released_at: '2027-01-01T00:00:00Z' }, mac);
    expect(await of({ version: '1.8.0' })).toEqual([403, { error: 'Version too low' }]);
    await release(app, product, { version: '1.2.0', released_at: '2027-01-01T00:00:00Z' }, mac);
    expect(await of({ version: '1.2.0' })).toEqual([404, { error: 'Artifact not found' }]);
    const { id } = await release(app, product, { version: '1.3.0', security: true });
    expect((await of({ version: '1.3.0' }))[0]).toBe(201);
    await app.must('POST', `/versions/${id}/yank`);
    expect(await of({ version: '1.3.0' })).toEqual([404, { error: 'Version not found' }]);
    await draft(app, product, { version: '1.4.0' });
    expect(await of({ version: '1.4.0' })).toEqual([404, { error: 'Version not found' }]);
  });
});
