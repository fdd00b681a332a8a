import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { Schedule } from '../../src/schedule/schedule.js';
import type { AgentState } from '../../src/state/state.js';
import type { Status } from '../../src/status.js';
import { PATIENT } from './line.js';
import { install, removePanels, type TestPanel } from './panels.js';

/** For a single rest. */
const REST_WITHIN_MS = 30_000;

/** More than any test here takes. */
const MOST_STEPS = 500;

/** The service, and a way to it on which calls are counted and may fail. */
export class ScheduleWorld {
  /** What the way answers by itself; null lets everything through. */
  outage: { status: number; headers: Record<string, string> } | null = null;
  calls = 0;
  readonly #running: (() => Promise<void>)[] = [];

  private constructor(
    readonly app: TestApp,
    private readonly gate: Server,
  ) {}

  static async open(): Promise<ScheduleWorld> {
    const gate = createServer(PATIENT);
    const world = new ScheduleWorld(await startApp(), gate);
    gate.on('request', (request, response) => {
      world.calls += 1;
      if (world.outage !== null) {
        response.writeHead(world.outage.status, world.outage.headers).end('{}');
        return;
      }
      void (async () => {
        const { method = '', url = '' } = request;
        const body = await buffer(request);
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(world.app.url + url, {
          method,
          ...(method === 'POST' && { headers, body }),
        });
        response.writeHead(answer.status, headers).end(await answer.text());
      })();
    });
    gate.listen(0, '127.0.0.1');
    await once(gate, 'listening');
    return world;
  }

  /** A panel that reaches the service on that way. */
  install(): Promise<TestPanel> {
    return install(this.app, { server: `http://127.0.0.1:${(this.gate.address() as AddressInfo).port}` });
  }

  async activated() {
    const sold = await this.app.sell();
    const panel = await this.install();
    const { status } = await panel.agent.activate(sold.key);
    return { ...sold, panel, dueAt: Date.parse(status.refresh_after ?? '') };
  }

  /** The schedule of a panel, and what it tells. */
  start(panel: TestPanel, { random = (): number => 0, agent = panel.agent } = {}) {
    const lines: string[] = [];
    const told: { readonly at: number; readonly status: Status }[] = [];
    const schedule = new Schedule(agent, { random, log: (line) => lines.push(line) });
    schedule.onChange((status) => told.push({ at: panel.clock.now().getTime(), status }));
    const stopping = new AbortController();
    const done = schedule.run(stopping.signal);
    this.#running.push(async () => {
      stopping.abort();
      await done;
    });
    return { schedule, lines, told, codes: () => told.map(({ status }) => status.code) };
  }

  /** For `afterEach`. */
  async calm(): Promise<void> {
    this.outage = null;
    for (const stop of this.#running.splice(0)) await stop();
  }

  /** For `afterAll`. */
  async close(): Promise<void> {
    this.gate.closeAllConnections();
    this.gate.close();
    await removePanels();
    await this.app.stop();
  }
}

export const stateOf = async ({ agent }: TestPanel): Promise<AgentState> => {
  const state = await agent.folder.read();
  if (state === null) throw new Error('no state');
  return state;
};

export const triedAt = async (panel: TestPanel): Promise<number> =>
  Date.parse((await stateOf(panel)).contact.triedAt ?? '');

/** Until the schedule has done what there is to do now, a call of the service included, and rests. */
const rests = ({ clock }: TestPanel): Promise<void> =>
  clock.sleptBy(AbortSignal.timeout(REST_WITHIN_MS)).catch((error: unknown) => {
    throw new Error('It never came to rest', { cause: error });
  });

/**
 * Lets time pass in small steps, after each of which the schedule comes to rest, until it is so. What it must come to
 * within is a number of steps: how long they take is a matter of the machine.
 */
export async function passes(
  panel: TestPanel,
  isSo: () => boolean | Promise<boolean>,
  what: string,
  step: Parameters<TestPanel['clock']['advance']>[0] = { seconds: 5 },
): Promise<void> {
  for (let taken = 0; !(await isSo()); taken++) {
    if (taken === MOST_STEPS) throw new Error(`It never came to this: ${what}`);
    await pass(panel, 1, step);
  }
}

/** Lets so much time pass in steps, for what must not happen meanwhile. */
export async function pass(
  panel: TestPanel,
  steps: number,
  step: Parameters<TestPanel['clock']['advance']>[0],
): Promise<void> {
  for (let taken = 0; taken < steps; taken++) {
    await rests(panel);
    panel.clock.advance(step);
    await rests(panel);
  }
}
