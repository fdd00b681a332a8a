import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../setup/until.js';
import { pass, passes, ScheduleWorld, stateOf, triedAt } from '../setup/schedules.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

let world: ScheduleWorld;
beforeAll(async () => {
  world = await ScheduleWorld.open();
});
afterEach(() => world.calm());
afterAll(() => world.close());

describe('the schedule of a licensed panel', () => {
  it('asks when the service wants to be asked, and not before', async () => {
    const { panel, dueAt } = await world.activated();
    const first = await triedAt(panel);
    expect(dueAt - first).toBeGreaterThan(20 * HOUR);
    panel.clock.set(new Date(dueAt - 60 * SECOND));
    const { codes } = world.start(panel);
    await pass(panel, 10, { seconds: 5 });
    expect(await triedAt(panel)).toBe(first);
    await passes(panel, async () => (await triedAt(panel)) > first, 'a refresh');
    expect(await triedAt(panel)).toBeGreaterThanOrEqual(dueAt);
    expect(await triedAt(panel)).toBeLessThanOrEqual(dueAt + 120 * SECOND);
    // The lease is new and says the same, which is no news.
    expect(codes()).toEqual(['VALID']);
  });

  it('spreads what is overdue when the machine wakes up', async () => {
    const { panel, dueAt } = await world.activated();
    const first = await triedAt(panel);
    const { codes } = world.start(panel, { random: () => 0.9 });
    await until(() => codes().length === 1, 'the first look');
    panel.clock.set(new Date(dueAt + 5 * HOUR));
    await passes(panel, async () => (await triedAt(panel)) > first, 'a refresh', { seconds: 1 });
    expect((await triedAt(panel)) - dueAt - 5 * HOUR).toBeGreaterThanOrEqual(27 * SECOND);
  });

  it('asks less and less while the service cannot be reached, and is licensed again when it can', async () => {
    const { panel, dueAt } = await world.activated();
    world.outage = { status: 503, headers: {} };
    panel.clock.set(new Date(dueAt));
    const { codes, lines } = world.start(panel);
    const tries: number[] = [];
    await passes(
      panel,
      async () => {
        const { contact } = await stateOf(panel);
        if (contact.failures > tries.length) tries.push(Date.parse(contact.triedAt ?? ''));
        return tries.length === 5;
      },
      'five failures',
    );
    const waits = tries.slice(1).map((at, index) => (at - (tries[index] ?? 0)) / SECOND);
    // Half of 30, 60, 120 and 240 seconds: nothing is drawn. The steps of this test and of the schedule come on top.
    for (const [index, least] of [15, 30, 60, 120].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(least);
      expect(waits[index]).toBeLessThanOrEqual(least + 120);
    }
    expect(codes()).toEqual(['VALID', 'UNREACHABLE']);
    expect(lines).toHaveLength(3);
    world.outage = null;
    await passes(panel, () => codes().length === 3, 'an answer', { seconds: 20 });
    expect(codes()).toEqual(['VALID', 'UNREACHABLE', 'VALID']);
  });

  it('does not ask before the time that the service names', async () => {
    const { panel, dueAt } = await world.activated();
    world.outage = { status: 429, headers: { 'retry-after': '600' } };
    panel.clock.set(new Date(dueAt));
    const { codes } = world.start(panel);
    await passes(panel, () => codes().length === 2, 'a failure');
    const failedAt = await triedAt(panel);
    world.outage = null;
    await pass(panel, 19, { seconds: 30 });
    expect(await triedAt(panel)).toBe(failedAt);
    await passes(panel, async () => (await triedAt(panel)) > failedAt, 'another try');
    expect((await triedAt(panel)) - failedAt).toBeGreaterThanOrEqual(600 * SECOND);
  });

  it('tells grace and the end of it in their moments, without an answer of anyone', async () => {
    const { panel, dueAt } = await world.activated();
    const { valid_until, grace_until } = await panel.agent.status();
    world.outage = { status: 502, headers: {} };
    const { codes, told } = world.start(panel);
    await until(() => codes().length === 1, 'the first look');
    panel.clock.set(new Date(dueAt));
    await passes(panel, () => codes().length === 2, 'a failure');
    for (const [moment, code] of [
      [valid_until, 'GRACE'],
      [grace_until, 'LEASE_ENDED'],
    ] as const) {
      const at = Date.parse(moment ?? '');
      panel.clock.set(new Date(at - 10 * SECOND));
      await passes(panel, () => codes().at(-1) === code, code, { seconds: 1 });
      expect((told.at(-1)?.at ?? 0) - at).toBeGreaterThanOrEqual(0);
      expect((told.at(-1)?.at ?? 0) - at).toBeLessThanOrEqual(120 * SECOND);
    }
    expect(codes()).toEqual(['VALID', 'UNREACHABLE', 'GRACE', 'LEASE_ENDED']);
  });

  it('asks at once when the clock was set back, which the answer heals', async () => {
    const { panel } = await world.activated();
    panel.clock.advance({ hours: 3 });
    await panel.agent.check();
    const { codes } = world.start(panel);
    await until(() => codes().length === 1, 'the first look');
    panel.clock.offsetMs = -2 * HOUR;
    await passes(panel, () => codes().length === 3, 'both news', { seconds: 5 });
    expect(codes()).toEqual(['VALID', 'CLOCK_SET_BACK', 'VALID']);
  });

  it('tells the service soon when another version runs', async () => {
    const { panel, license } = await world.activated();
    const versionFile = join(panel.stateDir, '..', 'VERSION');
    await writeFile(versionFile, '1.0.0');
    const before = await triedAt(panel);
    world.start(panel, { agent: panel.twin({ versionFile }) });
    await pass(panel, 10, { seconds: 60 });
    expect(await triedAt(panel)).toBe(before);
    await writeFile(versionFile, '1.1.0');
    await passes(panel, async () => (await triedAt(panel)) > before, 'a check', { seconds: 20 });
    const [seat] = await world.app.must('GET', `/licenses/${license.id}/activations`);
    expect(seat.version).toBe('1.1.0');
  });

  it('does not tell what an answer said when something newer was told meanwhile', async () => {
    const { panel, license, dueAt } = await world.activated();
    const { agent } = panel;
    const check = agent.check.bind(agent);
    agent.check = async () => {
      agent.check = check;
      const outcome = await check();
      await world.app.must('POST', `/licenses/${license.id}/suspend`, {});
      await panel.twin().check();
      await schedule.status();
      return outcome;
    };
    panel.clock.set(new Date(dueAt));
    const { schedule, codes } = world.start(panel);
    await passes(panel, () => codes().includes('SUSPENDED'), 'a refusal');
    await pass(panel, 2, { seconds: 5 });
    expect(codes()).toEqual(['VALID', 'SUSPENDED']);
  });

  it('never asks for a license that was carried here', async () => {
    const { license } = await world.app.sell();
    const panel = await world.install();
    const { hardware_id, version } = await panel.agent.offlineRequest();
    const file = await world.app.must('POST', `/licenses/${license.id}/activations`, {
      hardware_id,
      version,
      valid_days: 30,
    });
    const { status } = await panel.agent.offlineInstall(JSON.stringify(file));
    expect(status.state).toBe('licensed');
    const before = world.calls;
    const { codes } = world.start(panel);
    await until(() => codes().length === 1, 'the first look');
    panel.clock.advance({ days: 29 });
    await pass(panel, 20, { seconds: 60 });
    expect(world.calls).toBe(before);
    expect(codes()).toEqual(['VALID']);
  });
});
