import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { SettableClock } from '../../../test/setup/clock.js';
import { cliOf } from '../setup/cli.js';
import { install, removePanels } from '../setup/panels.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ clock: new SettableClock(new Date()) });
});
afterAll(async () => {
  await removePanels();
  await app.stop();
});

describe('mooring-agent serve', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('serves the panel until %s, and ends with %i', async (signal, exit) => {
    const { key } = await app.sell();
    const panel = await install(app);
    await panel.agent.activate(key);
    const started: ChildProcess[] = [];
    const running = cliOf(panel)(['serve', '--port', '0', '--json'], {
      started: (child) => started.push(child),
    });
    const [document] = await once(started[0]!.stdout!, 'data');
    const { url, token_file: tokenFile, pid } = JSON.parse(document);
    expect(pid).toBe(started[0]!.pid);
    const token = (await readFile(tokenFile, 'utf8')).trim();
    const answer = await fetch(`${url}/api/v1/license/`, { headers: { authorization: `Bearer ${token}` } });
    expect(await answer.json()).toMatchObject({ license: { is_valid: true } });
    expect((await cliOf(panel)(['serve', '--port', '0'])).exit).toBe(1);
    started[0]!.kill(signal);
    const ran = await running;
    // The one document is the one that was printed at the start.
    expect(ran).toMatchObject({ exit, stdout: document, stderr: '' });
    expect((await cliOf(panel)(['status'])).exit).toBe(0);
  });

  it('refuses to be reached from other machines', async () => {
    const ran = await cliOf(await install(app))(['serve', '--host', '0.0.0.0', '--json']);
    expect(ran.exit).toBe(4);
    expect(ran.json).toMatchObject({ error: { code: 'USAGE' } });
  });
});
