import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { install, removePanels, type TestPanel } from '../setup/panels.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  await removePanels();
  await app.stop();
});

/** No address that leads anywhere: whoever calls it has failed the test. */
const NOWHERE = { server: null };

interface Carried extends TestPanel {
  readonly license: { readonly id: string };
  readonly product: { readonly code: string };
  /** What the admin plane answers, as an admin would save it. */
  readonly file: () => Promise<any>;
}

async function airGapped(validDays = 90): Promise<Carried> {
  const { license, product } = await app.sell();
  const panel = await install(app, { ...NOWHERE, product: product.code });
  const { hardware_id, version } = await panel.agent.offlineRequest();
  const file = () =>
    app.must('POST', `/licenses/${license.id}/activations`, {
      hardware_id,
      version,
      valid_days: validDays,
    });
  return { ...panel, license, product, file };
}

const refusal = (says: string) => ({
  code: 'FILE_UNACCEPTABLE',
  message: expect.stringContaining(says),
});

describe('a panel that never has a network', () => {
  it('is licensed by a file that is carried in, for as long as that says', async () => {
    const panel = await airGapped();
    const outcome = await panel.agent.offlineInstall(JSON.stringify(await panel.file()));
    expect(outcome).toMatchObject({
      answer: 'granted',
      status: {
        state: 'licensed',
        has_license_file: true,
        last_checked: null,
        license: { id: panel.license.id, key: expect.stringMatching(/^PANEL-\*{4}-/) },
      },
    });
    panel.clock.advance({ days: 89 });
    expect((await panel.twin().status()).state).toBe('licensed');
    panel.clock.advance({ days: 2 });
    expect((await panel.twin().status()).state).toBe('grace');
    panel.clock.advance({ days: 12 });
    expect(await panel.twin().status()).toMatchObject({ state: 'unlicensed', code: 'LEASE_ENDED' });
  });

  it('takes the whole answer of the admin plane as well, and a newer file after it', async () => {
    const panel = await airGapped();
    await panel.agent.offlineInstall(JSON.stringify({ success: true, data: await panel.file() }));
    const { valid_until: first } = await panel.agent.status();
    panel.clock.advance({ days: 30 });
    const outcome = await panel.agent.offlineInstall(JSON.stringify(await panel.file()));
    expect(outcome.status.valid_until).not.toBe(first);
  });

  it('asks nobody when it is checked', async () => {
    const panel = await airGapped();
    await panel.agent.offlineInstall(JSON.stringify(await panel.file()));
    const outcome = await panel.twin({ server: 'http://127.0.0.1:9' }).check();
    expect(outcome).toMatchObject({ answer: 'unreachable', status: { state: 'licensed' } });
    expect(outcome.problem).toContain('installed from a file');
    await expect(panel.agent.checkUpdate()).rejects.toMatchObject({ code: 'NO_UPDATE' });
  });

  it('is no longer licensed once it is deactivated', async () => {
    const panel = await airGapped();
    await panel.agent.offlineInstall(JSON.stringify(await panel.file()));
    expect(await panel.agent.deactivate()).toMatchObject({
      answer: 'granted',
      status: { state: 'unlicensed' },
    });
  });
});

describe('a lease file', () => {
  const bad: Record<string, { change: (file: any) => unknown; says: string }> = {
    'that is cut off': { change: (file) => JSON.stringify(file).slice(0, 400), says: 'only a part' },
    'that is something else': { change: () => ({ hello: 'world' }), says: 'not what your vendor gets' },
    'without keys': { change: (file) => ({ ...file, jwks: { keys: [] } }), says: 'no signing keys' },
    'whose lease was changed': {
      change: (file) => ({ ...file, lease: file.lease.replace(/\.[^.]{10}/, '.AAAAAAAAAA') }),
      says: 'not genuine',
    },
    'whose lease has no signature': {
      change: (file) => {
        const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'mooring-lease+jwt' }));
        return { ...file, lease: `${none.toString('base64url')}.${file.lease.split('.')[1]}.` };
      },
      says: 'not genuine',
    },
  };

  it.each(Object.entries(bad))('%s is refused with a sentence, and changes nothing', async (_what, given) => {
    const panel = await airGapped();
    await panel.agent.offlineInstall(JSON.stringify(await panel.file()));
    const before = await readFile(join(panel.stateDir, 'state.json'));
    const changed = given.change(await panel.file());
    const text = typeof changed === 'string' ? changed : JSON.stringify(changed);
    await expect(panel.agent.offlineInstall(text)).rejects.toMatchObject({
      code: 'FILE_UNACCEPTABLE',
      message: expect.stringContaining(given.says),
    });
    expect(await readFile(join(panel.stateDir, 'state.json'))).toEqual(before);
    expect((await panel.agent.status()).state).toBe('licensed');
  });

  it('for another machine, another product or another time is refused', async () => {
    const panel = await airGapped(1);
    const text = JSON.stringify(await panel.file());
    const { agent: elsewhere } = await install(app, NOWHERE);
    await expect(elsewhere.offlineInstall(text)).rejects.toMatchObject(refusal('other hardware'));
    const another = panel.twin({ product: 'another' });
    await expect(another.offlineInstall(text)).rejects.toMatchObject(refusal('is another'));
    const strict = panel.twin({ trustedKeys: ['somebody-else'] });
    await expect(strict.offlineInstall(text)).rejects.toMatchObject(refusal('has not named'));
    panel.clock.advance({ days: 13 });
    await expect(panel.agent.offlineInstall(text)).rejects.toMatchObject(refusal('it ended'));
    expect(await panel.agent.status()).toMatchObject({ code: 'NOT_ACTIVATED' });
  });

  it('that is older than the lease held does not come back', async () => {
    const panel = await airGapped();
    const old = JSON.stringify(await panel.file());
    panel.clock.advance({ hours: 2 });
    await panel.agent.offlineInstall(JSON.stringify(await panel.file()));
    await expect(panel.agent.offlineInstall(old)).rejects.toMatchObject({
      message: expect.stringContaining('older'),
    });
  });

  it('that was made before the license was revoked does not bring it back', async () => {
    const panel = await airGapped();
    const { key } = await app.must('POST', `/licenses/${panel.license.id}/rotate-key`, {});
    const file = JSON.stringify(await panel.file());
    const online = panel.twin({ server: app.url });
    await online.activate(key);
    await app.must('POST', `/licenses/${panel.license.id}/revoke`, {});
    expect((await online.check()).code).toBe('REVOKED');
    await expect(panel.agent.offlineInstall(file)).rejects.toMatchObject({ code: 'FILE_UNACCEPTABLE' });
    expect(await panel.agent.status()).toMatchObject({ code: 'REVOKED' });
  });
});

describe('a lease file on a machine that holds a license', () => {
  it('is not believed for keys that it brings along itself', async () => {
    const panel = await airGapped();
    await panel.agent.offlineInstall(JSON.stringify(await panel.file()));
    const other = await startApp();
    try {
      const { license } = await other.sell();
      const { hardware_id, version } = await panel.agent.offlineRequest();
      const path = `/licenses/${license.id}/activations`;
      const file = await other.must('POST', path, { hardware_id, version, valid_days: 365 });
      const anyProduct = panel.twin({ product: null });
      await expect(anyProduct.offlineInstall(JSON.stringify(file))).rejects.toMatchObject(
        refusal('nothing to do with'),
      );
      expect((await panel.agent.status()).license?.id).toBe(panel.license.id);
    } finally {
      await other.stop();
    }
  });

  it('that was made before a refusal does not undo it, however long it lasts', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 2 } });
    const { agent, clock } = await install(app);
    await agent.activate(key);
    clock.advance({ hours: 2 });
    const { hardware_id, version } = await agent.offlineRequest();
    const path = `/licenses/${license.id}/activations`;
    const file = JSON.stringify(await app.must('POST', path, { hardware_id, version, valid_days: 365 }));
    clock.advance({ hours: 2 });
    await app.must('POST', `/licenses/${license.id}/revoke`, {});
    expect((await agent.check()).code).toBe('REVOKED');
    await expect(agent.offlineInstall(file)).rejects.toMatchObject(refusal('refused since'));
    expect(await agent.status()).toMatchObject({ code: 'REVOKED' });
  });

  it('tells a machine the time whose clock was wrong', async () => {
    const panel = await airGapped();
    await panel.agent.offlineInstall(JSON.stringify(await panel.file()));
    panel.clock.offsetMs = 60 * 86_400_000;
    await panel.agent.status();
    panel.clock.offsetMs = 0;
    expect((await panel.agent.status()).code).toBe('CLOCK_SET_BACK');
    panel.clock.advance({ hours: 2 });
    const outcome = await panel.agent.offlineInstall(JSON.stringify(await panel.file()));
    expect(outcome.status).toMatchObject({ state: 'licensed' });
  });
});

describe('the state of a panel', () => {
  it('that was edited by hand licenses nothing, until it is activated again', async () => {
    const { key } = await app.sell();
    const { agent, stateDir } = await install(app);
    await agent.activate(key);
    const file = join(stateDir, 'state.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/failures(\W+)0/, 'failures$11'));
    expect(await agent.status()).toMatchObject({
      state: 'unlicensed',
      code: 'STATE_DAMAGED',
      is_valid: false,
    });
    await expect(agent.check()).rejects.toMatchObject({ code: 'STATE_DAMAGED' });
    expect(await agent.activate(key)).toMatchObject({ answer: 'granted', status: { state: 'licensed' } });
  });

  it('that was damaged stands in the way of neither an offline request nor the hardware id', async () => {
    const { key } = await app.sell();
    const { agent, stateDir } = await install(app);
    await agent.activate(key);
    await writeFile(join(stateDir, 'state.json'), '{');
    expect((await agent.offlineRequest()).hardware_id).toMatch(/^[0-9a-f]{64}$/);
    expect((await agent.hardware()).problem).toBeNull();
  });

  it('that was copied to another machine takes no seat from the first when that one changes its license', async () => {
    const { key, license } = await app.sell();
    const other = await app.sell();
    const { agent, settings, twin } = await install(app);
    await agent.activate(key);
    await writeFile(String(settings.seedFile), '0123456789abcdef'.repeat(4));
    const outcome = await twin().activate(other.key);
    expect(outcome).toMatchObject({ answer: 'granted' });
    expect(outcome.problem).toContain('stays taken');
    expect(await app.must('GET', `/licenses/${license.id}/activations`)).toHaveLength(1);
  });

  it('that was carried to another machine does not license that one, and can be moved there', async () => {
    const { key, license } = await app.sell();
    const { agent, settings, twin } = await install(app);
    await agent.activate(key);
    // A copied disk on another machine: the same state, another hardware id.
    await writeFile(String(settings.seedFile), '0123456789abcdef'.repeat(4));
    expect(await twin().status()).toMatchObject({ state: 'unlicensed', code: 'HARDWARE_CHANGED' });
    await expect(twin().check()).rejects.toMatchObject({ code: 'HARDWARE_CHANGED' });
    expect(await twin().rebind()).toMatchObject({ answer: 'granted', status: { state: 'licensed' } });
    expect(await app.must('GET', `/licenses/${license.id}/activations`)).toHaveLength(1);
  });
});
