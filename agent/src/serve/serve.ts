import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Agent } from '../agent.js';
import { Schedule } from '../schedule/schedule.js';
import { JUST_KILLED_MS, withLock } from '../state/lock.js';
import { makeFolders } from '../state/make-folder.js';
import { explained } from '../state/unwritable.js';
import { EventStream } from './event-stream.js';
import { listen } from './listening.js';
import { assertLoopback } from './loopback.js';
import { createPanelServer } from './panel-server.js';
import { panelToken } from './token.js';
import { UpdateRunner } from './update-runner.js';

/** How long calls that are under way may take to end. */
const DRAIN_MS = 5_000;

export interface ServeOptions {
  /** An address of this machine alone; 127.0.0.1 unless said otherwise. */
  readonly host?: string;
  /** 0: any that is free. */
  readonly port?: number;
  /** Null: `panel-token` in the state folder. */
  readonly tokenFile?: string | null;
  /** Takes single lines, without any secret. */
  readonly log?: (line: string) => void;
  /** Stops the daemon. */
  readonly signal?: AbortSignal;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

export interface Daemon {
  /** `http://127.0.0.1:3082` */
  readonly url: string;
  readonly tokenFile: string;
  /** Resolves when everything has ended, also when the signal stops it. */
  readonly stopped: Promise<void>;
  stop(): Promise<void>;
}

const oneLine = (log: (line: string) => void) => (text: string) =>
  log(text.replaceAll(/\s*[\r\n]+\s*/g, ' | '));

/**
 * Runs the schedule and the local panel API until it is stopped. AgentFault BUSY when another daemon works on the folder,
 * USAGE for an address that cannot be listened on.
 */
export async function serve(agent: Agent, options: ServeOptions = {}): Promise<Daemon> {
  const host = (options.host ?? '127.0.0.1').toLowerCase();
  assertLoopback(host);
  const { dir } = agent.folder;
  await explained(dir, () => makeFolders(dir));
  const stopping = new AbortController();
  return new Promise<Daemon>((resolve, reject) => {
    const stopped = withLock(
      join(dir, 'serve.lock'),
      async () => {
        const running = await start(agent, { ...options, host }, stopping);
        const stop = () => {
          stopping.abort();
          return stopped;
        };
        options.signal?.addEventListener('abort', stop, { once: true });
        if (options.signal?.aborted) stopping.abort();
        resolve({ ...running, stopped, stop });
        await running.end;
        options.signal?.removeEventListener('abort', stop);
      },
      { waitMs: JUST_KILLED_MS },
    );
    stopped.catch(reject);
  });
}

async function start(
  agent: Agent,
  options: ServeOptions & { host: string },
  stopping: AbortController,
): Promise<{ url: string; tokenFile: string; end: Promise<void> }> {
  const { signal } = stopping;
  const log = oneLine(options.log ?? (() => undefined));
  const tokenFile = options.tokenFile ?? join(agent.folder.dir, 'panel-token');
  const token = await panelToken(tokenFile);
  const schedule = new Schedule(agent, { log, ...(options.random && { random: options.random }) });
  const events = new EventStream(agent.clock);
  schedule.onChange((status) => events.announce(status));
  const updates = new UpdateRunner(agent, log);
  const server = createPanelServer({ agent, schedule, events, updates }, { host: options.host, token, log });
  const url = await listen(server, options.host, options.port ?? 3082);
  log(`The panel API listens on ${url}; its token is in ${tokenFile}`);
  const work = Promise.all([schedule.run(signal), events.beat(), updates.adopt(signal)]);
  const end = (async () => {
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    log('Stopping');
    events.close();
    const closed = new Promise((resolve) => server.close(resolve));
    await Promise.race([Promise.all([closed, work, updates.stop()]), delay(DRAIN_MS, null, { ref: false })]);
    server.closeAllConnections();
    await closed;
    log('Stopped');
  })();
  return { url, tokenFile, end };
}
