import type { Agent } from '../agent.js';
import { LAPSES } from '../domain/standing.js';
import { AgentFault } from '../errors.js';
import { adoptUpdate } from '../updates/adopt.js';
import { nextVersion, refuseOld } from '../updates/next-step.js';
import { unlessAborted } from '../updates/unless-aborted.js';
import { endOf, type UpdateResult } from '../updates/update-result.js';
import { NO_UPDATE_YET, readUpdateStatus, type UpdateStatus } from '../updates/update-status.js';
import { runUpdate } from '../updates/update.js';
import { silentProgress } from '../updates/progress.js';
import { Refusal } from './refusal.js';

/** How far an update is, as a panel is told. */
type Shown = Pick<
  UpdateStatus,
  | 'state'
  | 'from_version'
  | 'version'
  | 'received'
  | 'size'
  | 'error'
  | 'installed'
  | 'path'
  | 'message'
  | 'updates_expired'
  | 'started_at'
  | 'finished_at'
>;

interface Run {
  /** When the update before it was started, by which it is seen whether this one is written down yet. */
  readonly before: string | null;
  readonly fromVersion: string;
  readonly abort: AbortController;
  error: string | null;
  result: UpdateResult | null;
  isOver: boolean;
  done: Promise<void>;
}

const conflict = () => new Refusal(409, 'CONFLICT', 'An update is running already');

const RUNNING: ReadonlySet<UpdateStatus['state']> = new Set(['checking', 'downloading', 'installing']);

/** Runs one update at a time, beside whatever the panel asks meanwhile. */
export class UpdateRunner {
  readonly #agent: Agent;
  readonly #log: (line: string) => void;
  #run: Run | null = null;
  #isStarting = false;

  constructor(agent: Agent, log: (line: string) => void) {
    this.#agent = agent;
    this.#log = log;
  }

  /** Starts one, and answers how far it is. */
  async start(version: string | undefined): Promise<Shown> {
    if (this.#isStarting) throw conflict();
    this.#isStarting = true;
    try {
      await this.#letEnd();
      const fromVersion = await this.#agent.currentVersion();
      const { state, started_at } = await this.#stored();
      // One that the command line runs, or a hook that outlived the daemon that started it.
      if (RUNNING.has(state)) throw conflict();
      await this.#refuseVain(version, fromVersion);
      this.#run = this.#begin(version, { before: started_at, fromVersion });
    } finally {
      this.#isStarting = false;
    }
    return this.status();
  }

  /** Sees an installation through that an agent before this one has begun, and takes the stepping stones after it. */
  async adopt(signal: AbortSignal): Promise<void> {
    try {
      const left = await adoptUpdate(this.#agent, signal);
      if (left === null) return;
      this.#log(left.error ?? left.message ?? left.state);
      if (left.state !== 'done') return;
      const wanted = left.wanted ?? undefined;
      const current = await this.#agent.currentVersion();
      const offer = await unlessAborted(signal, () => this.#agent.checkUpdate());
      if (nextVersion(offer, wanted, current) !== null) await this.start(wanted);
    } catch (error) {
      this.#log(`The update does not go on: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async status(): Promise<Shown> {
    const stored = shown(await this.#stored());
    const run = this.#run;
    if (run === null || stored.started_at !== run.before) return stored;
    // Not written down yet, or it failed before it could be.
    return {
      ...shown(NO_UPDATE_YET),
      state: run.isOver ? 'failed' : 'checking',
      ...(run.result && endOf(run.result)),
      version: run.result?.downloaded_version ?? null,
      from_version: run.fromVersion,
      error: run.error,
    };
  }

  /** Breaks off a download, which is resumed by the next update; a hook goes on by itself. */
  async stop(): Promise<void> {
    this.#run?.abort.abort();
    await this.#run?.done;
  }

  /** Whoever has read that the last one ended may start the next: that it has let go of its lock as well is waited for. */
  async #letEnd(): Promise<void> {
    const run = this.#run;
    if (run === null || run.isOver) return;
    const { state, started_at } = await this.#stored();
    if (started_at === run.before || RUNNING.has(state)) throw conflict();
    await run.done;
  }

  /** What can be told to be in vain without asking the service is told at once. */
  async #refuseVain(version: string | undefined, fromVersion: string): Promise<void> {
    if ((await this.#agent.folder.read())?.license == null) {
      throw new AgentFault('NOT_ACTIVATED', LAPSES.NOT_ACTIVATED);
    }
    refuseOld(version, fromVersion);
  }

  #begin(version: string | undefined, start: Pick<Run, 'before' | 'fromVersion'>): Run {
    const abort = new AbortController();
    const run: Run = { ...start, abort, error: null, result: null, isOver: false, done: Promise.resolve() };
    run.done = this.#update(run, version);
    return run;
  }

  async #update(run: Run, version: string | undefined): Promise<void> {
    const progress = { ...silentProgress, say: this.#log };
    try {
      run.result = await runUpdate(this.#agent, { version, progress, signal: run.abort.signal });
      this.#log(run.result.message);
    } catch (error) {
      run.error = error instanceof Error ? error.message : String(error);
      this.#log(`The update failed: ${run.error}`);
    } finally {
      run.isOver = true;
    }
  }

  #stored(): Promise<UpdateStatus> {
    return readUpdateStatus(this.#agent.settings.stateDir, () => this.#agent.currentVersion());
  }
}

const shown = (status: UpdateStatus): Shown => ({
  state: status.state,
  from_version: status.from_version,
  version: status.version,
  received: status.received,
  size: status.size,
  error: status.error,
  installed: status.installed,
  path: status.path,
  message: status.message,
  updates_expired: status.updates_expired,
  started_at: status.started_at,
  finished_at: status.finished_at,
});
