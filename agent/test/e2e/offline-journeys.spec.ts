import { startApp, type TestApp } from '../../../test/setup/app.js';
import { startLine, type Line } from '../setup/line.js';
import { install, removePanels, type TestPanel } from '../setup/panels.js';

let app: TestApp;
let line: Line;
beforeAll(async () => {
  app = await startApp();
});
beforeEach(async () => {
  line = await startLine(app.url);
});
afterEach(() => line.stop());
afterAll(async () => {
  await removePanels();
  await app.stop();
});

type Licensed = TestPanel & { readonly license: { readonly id: string } };

async function licensed(given: Parameters<TestApp['sell']>[0] = {}): Promise<Licensed> {
  const { key, license } = await app.sell(given);
  const panel = await install(app, { server: line.url });
  expect((await panel.agent.activate(key)).answer).toBe('granted');
  return { ...panel, license };
}

/** From now on nothing comes through; each check is one that a panel would try. */
const cutOff = () => {
  line.meddle = () => 'drop';
};

async function check({ agent, twin }: Licensed) {
  await agent.check();
  // Read by another process, as the panel itself would: nothing hangs on what one agent remembers.
  return twin().status();
}

describe('a panel without a network', () => {
  it('works for three days, then two weeks with a warning, and then stops', async () => {
    const panel = await licensed();
    cutOff();
    panel.clock.advance({ hours: 71 });
    expect(await panel.agent.status()).toMatchObject({ state: 'licensed', needs_refresh: true });
    expect(await check(panel)).toMatchObject({ state: 'unreachable', code: 'UNREACHABLE', is_valid: true });
    panel.clock.advance({ hours: 2 });
    expect(await check(panel)).toMatchObject({ state: 'grace', code: 'GRACE', is_valid: true });
    panel.clock.advance({ days: 10 });
    expect(await check(panel)).toMatchObject({ state: 'grace', is_valid: true });
    panel.clock.advance({ days: 2 });
    expect(await check(panel)).toMatchObject({ state: 'unlicensed', code: 'LEASE_ENDED', is_valid: false });
  });

  it('stops to the second at the times that the lease names', async () => {
    const panel = await licensed();
    const { valid_until: valid, grace_until: grace } = await panel.agent.status();
    const at = async (time: string | null, offsetMs: number) => {
      app.clock.set(new Date(Date.parse(String(time)) + offsetMs));
      return (await panel.twin().status()).state;
    };
    expect(await at(valid, -1)).toBe('licensed');
    expect(await at(valid, 0)).toBe('grace');
    expect(await at(grace, -1)).toBe('grace');
    expect(await at(grace, 0)).toBe('unlicensed');
  });

  it('is licensed again with the first answer, however long it was away', async () => {
    const panel = await licensed();
    cutOff();
    panel.clock.advance({ days: 40 });
    expect((await check(panel)).state).toBe('unlicensed');
    line.meddle = null;
    expect(await check(panel)).toMatchObject({ state: 'licensed', warnings: [] });
  });

  it('is refused with the first answer when it was revoked meanwhile, and stays so without a network', async () => {
    const panel = await licensed();
    cutOff();
    panel.clock.advance({ hours: 48 });
    await app.must('POST', `/licenses/${panel.license.id}/revoke`, {});
    expect((await check(panel)).state).toBe('unreachable');
    line.meddle = null;
    expect(await check(panel)).toMatchObject({ state: 'unlicensed', code: 'REVOKED' });
    cutOff();
    expect(await check(panel)).toMatchObject({ state: 'unlicensed', code: 'REVOKED' });
  });

  it('stops when its license ends, be there a network or not', async () => {
    const expires = new Date(app.clock.now().getTime() + 36 * 3_600_000).toISOString();
    const panel = await licensed({ license: { expires_at: expires } });
    cutOff();
    panel.clock.advance({ hours: 35 });
    expect((await check(panel)).state).toBe('unreachable');
    panel.clock.advance({ hours: 2 });
    expect(await check(panel)).toMatchObject({ state: 'unlicensed', code: 'EXPIRED' });
  });

  it('does not work below the version that its lease demands, nor stay stopped once it is updated', async () => {
    const panel = await licensed({ policy: { minimum_version: '1.0.0' } });
    cutOff();
    expect(await panel.twin({ version: '0.9.0' }).status()).toMatchObject({
      state: 'unlicensed',
      code: 'VERSION_TOO_LOW',
    });
    expect((await panel.twin({ version: '1.1.0' }).status()).state).toBe('licensed');
  });

  it("follows its policy's own lengths", async () => {
    const lease = { refresh_after: 3_600, valid_for: 7_200, grace_for: 10_800 };
    const panel = await licensed({ policy: { lease } });
    cutOff();
    panel.clock.advance({ seconds: 7_100 });
    expect((await check(panel)).state).toBe('unreachable');
    panel.clock.advance({ seconds: 200 });
    expect((await check(panel)).state).toBe('grace');
    panel.clock.advance({ hours: 1 });
    expect((await check(panel)).state).toBe('unlicensed');
  });
});

describe('a panel of a tier with very short leases', () => {
  it('is licensed with every answer, though its last lease is only minutes old', async () => {
    const panel = await licensed({
      policy: { lease: { refresh_after: 60, valid_for: 120, grace_for: 180 } },
    });
    for (const seconds of [70, 130, 200]) {
      panel.clock.advance({ seconds });
      expect(await panel.agent.check()).toMatchObject({ answer: 'granted', status: { state: 'licensed' } });
    }
  });
});

describe('a clock', () => {
  it('that is set back does not make a lease last longer', async () => {
    const panel = await licensed();
    cutOff();
    panel.clock.advance({ hours: 60 });
    expect((await panel.agent.status()).state).toBe('licensed');
    panel.clock.offsetMs = -50 * 3_600_000;
    expect(await panel.agent.status()).toMatchObject({ state: 'unlicensed', code: 'CLOCK_SET_BACK' });
    expect(await check(panel)).toMatchObject({ state: 'unlicensed', code: 'CLOCK_SET_BACK' });
    panel.clock.offsetMs = 0;
    expect((await panel.agent.status()).is_valid).toBe(true);
  });

  it('that was never right is learnt from the service, and the lease lasts as long as any', async () => {
    const { key } = await app.sell();
    const panel = await install(app, { server: line.url });
    // A machine without a battery begins with the same day whenever it is switched on.
    panel.clock.offsetMs = -400 * 86_400_000;
    const { status } = await panel.agent.activate(key);
    expect(status).toMatchObject({ state: 'licensed' });
    expect(status.warnings.join(' ')).toContain('behind');
    panel.clock.advance({ hours: 73 });
    expect((await panel.twin().status()).state).toBe('grace');
  });

  it('that was set back is forgiven once the service tells the time again', async () => {
    const panel = await licensed();
    panel.clock.advance({ hours: 5 });
    await panel.agent.status();
    panel.clock.offsetMs = -4 * 3_600_000;
    expect((await panel.agent.status()).code).toBe('CLOCK_SET_BACK');
    expect(await check(panel)).toMatchObject({ state: 'licensed' });
  });

  it('that was set right, as the agent advised, costs nothing', async () => {
    const { key } = await app.sell();
    for (const wrongMs of [10 * 60_000, 2 * 86_400_000, -30 * 86_400_000]) {
      const panel = await install(app, { server: app.url });
      panel.clock.offsetMs = wrongMs;
      expect((await panel.agent.activate(key)).status.warnings.join(' ')).toContain('Set it right');
      panel.clock.advance({ seconds: 600 });
      expect((await panel.agent.status()).state).toBe('licensed');
      panel.clock.offsetMs = 0;
      const unreachable = panel.twin({ server: 'http://127.0.0.1:9' });
      expect(await unreachable.status()).toMatchObject({ state: 'licensed', warnings: [] });
      panel.clock.advance({ hours: 73 });
      expect((await unreachable.status()).state).toBe('grace');
      await panel.agent.deactivate();
    }
  });

  it('may be wrong by minutes without a word', async () => {
    const panel = await licensed();
    panel.clock.offsetMs = -4 * 60_000;
    expect(await panel.agent.status()).toMatchObject({ state: 'licensed', warnings: [] });
  });
});
