import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestApp } from '../../../test/setup/app.js';
import { Agent } from '../../src/agent.js';
import type { Settings } from '../../src/settings.js';
import { SimulatedClock } from './simulated-clock.js';

/** A machine of its own: a folder with a seed, and an agent on the clock of the service. */
export interface TestPanel {
  readonly agent: Agent;
  readonly clock: SimulatedClock;
  readonly settings: Settings;
  readonly stateDir: string;
  /** Another agent on the same folder, as another process would be. */
  twin(more?: Partial<Settings>): Agent;
}

const folders: string[] = [];

/** Removes what `install` made. For `afterAll`. */
export const removePanels = (): Promise<unknown> =>
  Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));

/** A panel on a machine that no other test knows, which has not been activated. */
export async function install(app: TestApp, more: Partial<Settings> = {}): Promise<TestPanel> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-agent-test-'));
  folders.push(folder);
  const seedFile = join(folder, 'seed');
  await writeFile(seedFile, randomBytes(32).toString('hex'), { mode: 0o600 });
  const settings: Settings = {
    server: app.url,
    product: null,
    keyPrefix: null,
    version: '1.0.0',
    versionFile: null,
    channel: 'stable',
    stateDir: join(folder, 'state'),
    seedFile,
    trustedKeys: [],
    insecureHttp: false,
    downloadDir: null,
    updateHook: null,
    updateHookTimeout: 60,
    platform: 'linux',
    arch: 'x64',
    hostname: 'panel-1.example.com',
    ...more,
  };
  const clock = new SimulatedClock(app.clock);
  const twin = (also: Partial<Settings> = {}) => new Agent({ ...settings, ...also }, { clock });
  return { agent: twin(), clock, settings, stateDir: settings.stateDir, twin };
}
