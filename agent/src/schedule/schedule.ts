import type { Agent } from '../agent.js';
import type { Clock } from '../clock.js';
import { nextCheckAt } from '../domain/backoff.js';
import { nextTurnAt } from '../domain/turning-points.js';
import type { Outcome } from '../licensing/outcome.js';
import type { Status } from '../status.js';
import { gatherFacts } from './facts.js';
import { JUMP_MS, Rest } from './rest.js';
import { StateWatch } from './state-watch.js';

const SECOND_MS = 1_000;
/** Time is looked at so often, whatever is planned: clocks are set, and machines sleep. */
const LOOK_MS = 60 * SECOND_MS;
/** The state folder is looked at so often: the command line works on it too. */
const SLICE_MS = 5 * SECOND_MS;

export interface ScheduleOptions {
  readonly clock?: Clock;
  /** From 0 to below 1. */
  readonly random?: () => number;
  readonly log?: (line: string) => void;
}

export type StatusListener = (status: Status) => void;

/** What a listener is told of. Dates that move with every renewal are no change of state. */
const fingerprint = ({ state, code, license }: Status): string => JSON.stringify([state, code, license]);

/** Renews the lease in time, and tells when the standing changes, whether by an answer, by time or by another process. */
export class Schedule {
  readonly #agent: Agent;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #log: (line: string) => void;
  readonly #listeners = new Set<StatusListener>();
  readonly #rest: Rest;
  readonly #watch: StateWatch;
  #announced: string | null = null;
  #tellings = 0;
  #complaint: string | null = null;
  #draw: number;
  #fruitless = 0;
  #triedAt: number | null = null;
  #wokeAt: number;

  constructor(agent: Agent, options: ScheduleOptions = {}) {
    this.#agent = agent;
    this.#clock = options.clock ?? agent.clock;
    this.#random = options.random ?? Math.random;
    this.#log = options.log ?? (() => undefined);
    this.#rest = new Rest(this.#clock, SLICE_MS);
    this.#watch = new StateWatch(agent.folder.dir);
    this.#draw = this.#random();
    this.#wokeAt = this.#now();
  }

  /** Until the signal is aborted; it does not fail. */
  async run(signal: AbortSignal): Promise<void> {
    this.#wokeAt = this.#now();
    while (!signal.aborted) {
      const restMs = await this.#guarded(() => this.#look());
      const end = await this.#rest.take(restMs ?? LOOK_MS, signal, () => this.#watch.hasChanged());
      if (end === 'jumped') this.#wake();
    }
  }

  /** Looks at everything again now: something was done to the license. */
  poke(): void {
    this.#rest.end();
  }

  /** Answers how to stop listening. */
  onChange(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * How the license stands, told to whoever listens when it is news: what one reader knows, all of them know, and none
   * of them is told it again.
   */
  async status(): Promise<Status> {
    let tellings: number;
    let status: Status;
    // Read again when something else was told meanwhile: what was read may be older than that.
    do {
      tellings = this.#tellings;
      status = await this.#agent.status();
    } while (tellings !== this.#tellings);
    this.#announce(status);
    return status;
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  #wake(): void {
    this.#wokeAt = this.#now();
    this.#draw = this.#random();
  }

  /** Tells changes, asks the service when it is time to, and answers how long there is nothing to do. */
  async #look(): Promise<number> {
    const begunAt = this.#now();
    // Before the state is read, so that a change during the look is seen by the next one.
    await this.#watch.hasChanged();
    const status = await this.status();
    const own = { fruitless: this.#fruitless, triedAt: this.#triedAt, wokeAt: this.#wokeAt };
    const facts = await gatherFacts(this.#agent, status, own);
    const now = this.#now();
    // The machine slept, or its clock was set, in the middle of this look.
    if (Math.abs(now - begunAt) > JUMP_MS) {
      this.#wake();
      return 0;
    }
    const dueAt = nextCheckAt(facts, this.#draw, now);
    if (dueAt !== null && dueAt <= now) {
      await this.#check();
      return 0;
    }
    const points = { ...status, expires_at: status.license?.expires_at ?? null };
    const turnAt = nextTurnAt(points, now + facts.offsetMs);
    return Math.min(
      LOOK_MS,
      dueAt === null ? LOOK_MS : dueAt - now,
      turnAt === null ? LOOK_MS : turnAt - facts.offsetMs - now,
    );
  }

  async #check(): Promise<void> {
    this.#triedAt = this.#now();
    this.#draw = this.#random();
    // Counted before: an error leaves it as it is.
    this.#fruitless += 1;
    const outcome = await this.#agent.check();
    if (isProgress(outcome)) this.#fruitless = 0;
    // Read again: a reader may have told something newer than the answer meanwhile.
    await this.status();
    if (outcome.answer === 'unreachable') this.#complain(outcome.problem ?? outcome.status.message);
    else this.#complaint = null;
  }

  #announce(status: Status): void {
    const print = fingerprint(status);
    if (print === this.#announced) return;
    this.#announced = print;
    this.#tellings += 1;
    this.#log(`${status.state} (${status.code}): ${status.message}`);
    for (const listener of this.#listeners) listener(status);
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  /** Once for each trouble: an outage of a week must not fill the log. */
  #complain(problem: string): void {
    if (problem === this.#complaint) return;
    this.#complaint = problem;
    this.#log(problem);
  }
}

/** Whether there is nothing to ask at once: refused, renewed, or counted as a failure by the agent itself. */
const isProgress = ({ answer, status }: Outcome): boolean => answer !== 'granted' || !status.needs_refresh;
