import { startApp, type TestApp } from '../../../test/setup/app.js';
import { install, removePanels } from '../setup/panels.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  await removePanels();
  await app.stop();
});

const seatsOf = (license: { id: string }): Promise<any[]> =>
  app.must('GET', `/licenses/${license.id}/activations`);

describe('a panel with its agent', () => {
  it('is licensed once activated, on a seat of its own hardware', async () => {
    const { license, key, product, policy } = await app.sell({ policy: { limits: { accounts: 10 } } });
    const { agent } = await install(app);
    expect(await agent.status()).toMatchObject({ state: 'unlicensed', code: 'NOT_ACTIVATED', license: null });

    const outcome = await agent.activate(` ${key.toLowerCase()} `);
    expect(outcome).toMatchObject({ answer: 'granted', code: 'VALID', problem: null });
    expect(outcome.status).toMatchObject({
      state: 'licensed',
      code: 'VALID',
      is_valid: true,
      has_license_file: true,
      needs_refresh: false,
      warnings: [],
      version: '1.0.0',
      license: {
        id: license.id,
        product: product.code,
        tier: policy.code,
        limits: { accounts: 10 },
        expires_at: null,
      },
    });
    expect(outcome.status.license?.key).toMatch(/^PANEL-\*{4}-\w{4}$/);
    const [seat] = await seatsOf(license);
    expect(seat).toMatchObject({
      hardware_id: outcome.status.hardware_id,
      version: '1.0.0',
      hostname: 'panel-1.example.com',
    });
  });

  it('keeps its seat and never looks like a copy, however many agents check at once', async () => {
    const { license, key } = await app.sell();
    const { agent, clock, twin } = await install(app);
    await agent.activate(key);
    for (let round = 0; round < 4; round++) {
      clock.advance({ hours: 2 });
      const answers = await Promise.all([agent.check(), twin().check(), twin().check()]);
      expect(answers.map(({ answer }) => answer)).toEqual(['granted', 'granted', 'granted']);
    }
    const [seat] = await seatsOf(license);
    expect(seat.clone_suspected_at).toBeNull();
  });

  it('is refused at once when it asks after a revocation, whatever its lease says', async () => {
    const { license, key } = await app.sell();
    const { agent, clock } = await install(app);
    await agent.activate(key);
    await app.must('POST', `/licenses/${license.id}/revoke`, {});
    expect((await agent.status()).state).toBe('licensed');
    const outcome = await agent.check();
    expect(outcome).toMatchObject({
      answer: 'refused',
      code: 'REVOKED',
      status: { state: 'unlicensed', code: 'REVOKED', has_license_file: false },
    });
    clock.advance({ hours: 1 });
    expect(await agent.status()).toMatchObject({ state: 'unlicensed', code: 'REVOKED' });
  });

  it('comes back with the next check once it is reinstated, on the same seat', async () => {
    const { license, key } = await app.sell();
    const { agent } = await install(app);
    await agent.activate(key);
    await app.must('POST', `/licenses/${license.id}/suspend`, {});
    expect((await agent.check()).code).toBe('SUSPENDED');
    await app.must('POST', `/licenses/${license.id}/reinstate`, {});
    expect((await agent.check()).status).toMatchObject({ state: 'licensed', code: 'VALID' });
    const [seat, ...others] = await seatsOf(license);
    expect(others).toEqual([]);
    expect(seat.clone_suspected_at).toBeNull();
  });

  it('gives its seat back, so that another machine may have it', async () => {
    const { key } = await app.sell();
    const first = await install(app);
    const second = await install(app);
    await first.agent.activate(key);
    expect(await second.agent.activate(key)).toMatchObject({ answer: 'refused', code: 'MAX_ACTIVATIONS' });
    expect(await first.agent.deactivate()).toMatchObject({ answer: 'granted', problem: null });
    expect(await first.agent.status()).toMatchObject({ state: 'unlicensed', code: 'NOT_ACTIVATED' });
    expect(await second.agent.activate(key)).toMatchObject({ answer: 'granted' });
  });

  it('changes to another license, and gives the seat of the one before back', async () => {
    const { key } = await app.sell();
    const other = await app.sell();
    const { agent } = await install(app);
    await agent.activate(key);
    expect(await agent.activate(other.key)).toMatchObject({ answer: 'granted', problem: null });
    const second = await install(app);
    expect(await second.agent.activate(key)).toMatchObject({ answer: 'granted' });
  });

  it('keeps the license that it has when another one is refused', async () => {
    const { key } = await app.sell();
    const other = await app.sell();
    await app.must('POST', `/licenses/${other.license.id}/revoke`, {});
    const { agent } = await install(app);
    await agent.activate(key);
    const outcome = await agent.activate(other.key);
    expect(outcome).toMatchObject({ answer: 'refused', code: 'REVOKED', status: { state: 'licensed' } });
  });

  it('keeps its seat under a rotated key', async () => {
    const { license, key } = await app.sell();
    const { agent } = await install(app);
    await agent.activate(key);
    const { key: next } = await app.must('POST', `/licenses/${license.id}/rotate-key`, { overlap_hours: 24 });
    expect(await agent.activate(next)).toMatchObject({ answer: 'granted', problem: null });
    expect(await agent.check()).toMatchObject({ answer: 'granted' });
    expect(await seatsOf(license)).toHaveLength(1);
  });

  it('is refused under whatever key, where that is of the license that it holds', async () => {
    const { license, key } = await app.sell();
    const { agent } = await install(app);
    await agent.activate(key);
    const { key: next } = await app.must('POST', `/licenses/${license.id}/rotate-key`, { overlap_hours: 24 });
    await app.must('POST', `/licenses/${license.id}/revoke`, {});
    expect(await agent.activate(next)).toMatchObject({
      answer: 'refused',
      status: { state: 'unlicensed', code: 'REVOKED' },
    });
  });

  it('does not lose its license to a wrong setting', async () => {
    const { key } = await app.sell();
    const { agent, twin } = await install(app);
    await agent.activate(key);
    await expect(twin({ product: 'another' }).check()).rejects.toMatchObject({ code: 'USAGE' });
    expect((await agent.status()).warnings.join(' ')).toContain('"product"');
    await expect(twin({ server: 'http://192.0.2.1' }).check()).rejects.toMatchObject({ code: 'USAGE' });
    await expect(twin({ server: '127.0.0.1:2083' }).check()).rejects.toMatchObject({ code: 'USAGE' });
    expect(await twin({ server: `${app.url}/` }).check()).toMatchObject({ answer: 'granted' });
  });

  it('moves with its license to other hardware', async () => {
    const { license, key } = await app.sell();
    const old = await install(app);
    await old.agent.activate(key);
    const { hardware_id: previousHardwareId } = await old.agent.status();
    const { agent } = await install(app);
    const outcome = await agent.rebind({ key, previousHardwareId: previousHardwareId ?? '' });
    expect(outcome).toMatchObject({ answer: 'granted', status: { state: 'licensed' } });
    expect(await old.agent.check()).toMatchObject({ answer: 'refused', code: 'HARDWARE_MISMATCH' });
    const [seat, ...others] = await seatsOf(license);
    expect(others).toEqual([]);
    expect(seat.hardware_id).toBe(outcome.status.hardware_id);
  });

  it('reports what is in use with the next check', async () => {
    const { license, key } = await app.sell();
    const { agent } = await install(app);
    await agent.activate(key);
    expect((await agent.reportUsage({ accounts: 7 })).usage).toEqual({ accounts: 7 });
    await agent.check();
    const [seat] = await seatsOf(license);
    expect(seat.usage).toEqual({ accounts: 7 });
    await expect(agent.reportUsage({ accounts: -1 })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('learns that its version has become too low, and what the floor is', async () => {
    const { license, key } = await app.sell();
    const { agent } = await install(app);
    await agent.activate(key);
    await app.must('PATCH', `/licenses/${license.id}`, { minimum_version: '2.0.0' });
    const outcome = await agent.check();
    expect(outcome).toMatchObject({ answer: 'refused', code: 'VERSION_TOO_LOW' });
    expect(
      Object.values(outcome.details ?? {})
        .flat()
        .join(' '),
    ).toContain('2.0.0');
  });
});
