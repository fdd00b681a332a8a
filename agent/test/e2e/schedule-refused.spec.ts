import { until } from '../setup/until.js';
import { pass, passes, ScheduleWorld, triedAt } from '../setup/schedules.js';

const HOUR = 3_600_000;

let world: ScheduleWorld;
beforeAll(async () => {
  world = await ScheduleWorld.open();
});
afterEach(() => world.calm());
afterAll(() => world.close());

describe('the schedule of a refused panel', () => {
  it('asks again within the hour where the reason may pass', async () => {
    const { panel, license } = await world.activated();
    const { codes, schedule } = world.start(panel);
    await world.app.must('POST', `/licenses/${license.id}/suspend`, {});
    await panel.agent.check();
    schedule.poke();
    await until(() => codes().at(-1) === 'SUSPENDED', 'the refusal');
    const refusedAt = await triedAt(panel);
    await world.app.must('POST', `/licenses/${license.id}/reinstate`, {});
    await passes(panel, () => codes().at(-1) === 'VALID', 'the reinstatement', { seconds: 50 });
    const waited = (await triedAt(panel)) - refusedAt;
    expect(waited).toBeGreaterThanOrEqual(HOUR / 2);
    expect(waited).toBeLessThanOrEqual(HOUR);
  });

  it('asks no more where it is final, until it is activated anew by another process', async () => {
    const { panel, license } = await world.activated();
    await world.app.must('POST', `/licenses/${license.id}/revoke`, {});
    await panel.agent.check();
    const before = world.calls;
    const { codes } = world.start(panel);
    await until(() => codes().length === 1, 'the first look');
    await pass(panel, 50, { hours: 1 });
    expect(world.calls).toBe(before);
    const { key } = await world.app.sell();
    await panel.twin().activate(key);
    await passes(panel, () => codes().length === 2, 'the news of it');
    expect(codes()).toEqual(['REVOKED', 'VALID']);
  });
});

describe('a schedule', () => {
  it('sleeps without a license, and looks when it is poked, without waiting', async () => {
    const panel = await world.install();
    const before = world.calls;
    const { codes, schedule } = world.start(panel);
    await pass(panel, 5, { hours: 1 });
    expect([world.calls, codes()]).toEqual([before, ['NOT_ACTIVATED']]);
    const { key } = await world.app.sell();
    await panel.agent.activate(key);
    schedule.poke();
    await until(() => codes().length === 2, 'the news of it');
  });

  it('goes on after an error, which it says once, and asks no faster for it', async () => {
    const { panel, dueAt } = await world.activated();
    panel.clock.set(new Date(dueAt));
    const broken = panel.twin({ version: null });
    const { lines } = world.start(panel, { agent: broken });
    const complaints = () => lines.filter((line) => /version is not set/.test(line));
    await passes(panel, () => complaints().length > 0, 'the error');
    await pass(panel, 20, { seconds: 60 });
    expect(complaints()).toHaveLength(1);
    // 30 seconds, doubled each time.
    const { contact } = (await panel.agent.folder.read()) ?? {};
    expect(contact?.failures).toBeLessThan(8);
    expect((await panel.agent.status()).warnings.join(' ')).toMatch(/version is not set/);
  });

  it('is not stopped by a listener that fails', async () => {
    const { panel, license } = await world.activated();
    const { schedule, codes, lines } = world.start(panel);
    schedule.onChange(() => {
      throw new Error('the listener fell over');
    });
    await world.app.must('POST', `/licenses/${license.id}/suspend`, {});
    await panel.agent.check();
    await passes(panel, () => codes().at(-1) === 'SUSPENDED', 'the refusal');
    expect(lines).toContain('the listener fell over');
  });

  it('tells nothing more to a listener that has left', async () => {
    const { panel, license } = await world.activated();
    const { schedule, codes } = world.start(panel);
    const heard: string[] = [];
    const leave = schedule.onChange(({ code }) => heard.push(code));
    await until(() => codes().length === 1, 'the first look');
    leave();
    await world.app.must('POST', `/licenses/${license.id}/suspend`, {});
    await panel.agent.check();
    await passes(panel, () => codes().length === 2, 'the refusal');
    expect(heard).toEqual(['VALID']);
  });
});
