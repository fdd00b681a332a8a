import { startApp, type TestApp } from '../../../test/setup/app.js';
import { startAgent } from '../setup/agent-child.js';
import { killAfter, measure } from '../setup/kills.js';
import { install, removePanels } from '../setup/panels.js';

const KILLS = 20;

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  await removePanels();
  await app.stop();
});

describe('an agent that is killed while it activates and checks', () => {
  it(`keeps its license and never looks like a copy, in ${KILLS} kills`, async () => {
    const { license, key } = await app.sell();
    const { agent, clock, settings } = await install(app);
    const start = () => {
      const aheadMs = app.clock.now().getTime() - Date.now();
      return startAgent('licensing-agent.mjs', { settings, aheadMs, key });
    };
    const first = start();
    const roundMs = await measure(first, 'ready', 'round');
    await killAfter(first, 'round', roundMs);
    for (let kill = 0; kill < KILLS; kill += 1) {
      await killAfter(start(), 'ready', 1.5 * roundMs);
      expect(await agent.status()).toMatchObject({ state: 'licensed', has_license_file: true });
      clock.advance({ seconds: 600 });
      expect(await agent.check()).toMatchObject({ answer: 'granted', problem: null });
      const [seat, ...others] = await app.must('GET', `/licenses/${license.id}/activations`);
      expect(others).toEqual([]);
      expect(seat.clone_suspected_at).toBeNull();
    }
  }, 300_000);
});
