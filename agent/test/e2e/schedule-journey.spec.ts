import { pass, passes, ScheduleWorld } from '../setup/schedules.js';

const CUT_OFF = { status: 503, headers: {} };

let world: ScheduleWorld;
beforeAll(async () => {
  world = await ScheduleWorld.open();
});
afterEach(() => world.calm());
afterAll(() => world.close());

describe('a panel whose daemon runs on without the service', () => {
  it('works for three days, warns for the rest of two weeks, and then stops', async () => {
    const { panel } = await world.activated();
    const { told, codes } = world.start(panel);
    world.outage = CUT_OFF;
    const states = async () => [told.at(-1)?.status.state, (await panel.agent.status()).state];
    await pass(panel, 71, { hours: 1 });
    expect(await states()).toEqual(['unreachable', 'unreachable']);
    await pass(panel, 2, { hours: 1 });
    expect(await states()).toEqual(['grace', 'grace']);
    await pass(panel, 48, { hours: 6 });
    expect(await states()).toEqual(['unlicensed', 'unlicensed']);
    expect(codes()).toEqual(['VALID', 'UNREACHABLE', 'GRACE', 'LEASE_ENDED']);
    world.outage = null;
    await passes(panel, () => codes().at(-1) === 'VALID', 'an answer', { seconds: 60 });
    expect(await states()).toEqual(['licensed', 'licensed']);
  }, 300_000);

  it('learns of a revocation by itself once it reaches the service again', async () => {
    const { panel, license } = await world.activated();
    const { codes } = world.start(panel);
    world.outage = CUT_OFF;
    await pass(panel, 24, { hours: 1 });
    await world.app.must('POST', `/licenses/${license.id}/revoke`, {});
    await pass(panel, 6, { hours: 1 });
    expect(codes()).toEqual(['VALID', 'UNREACHABLE']);
    world.outage = null;
    await passes(panel, () => codes().at(-1) === 'REVOKED', 'the refusal', { seconds: 60 });
    expect(await panel.agent.status()).toMatchObject({ state: 'unlicensed', has_license_file: false });
    const asked = world.calls;
    await pass(panel, 48, { hours: 1 });
    expect(world.calls).toBe(asked);
  }, 300_000);
});
