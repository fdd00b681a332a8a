interface Rule {
  /** How long a newcomer may have to wait before requests of this class are refused. */
  readonly patienceMs: number;
  /** What is left of the share that is let in, after every sample in which all have to wait longer. */
  readonly leaves: number;
  /** Those who are refused are asked to come back after so many seconds, from and to. */
  readonly comesBackAfter: readonly [from: number, to: number];
}

/**
 * Who is refused when not everybody can be answered in time, the last to go first: a panel that phones home is what the
 * service is for, and a list that a person waits for can be asked for again. Null is never refused.
 */
export const REQUEST_CLASSES = {
  // An overloaded service is when these are needed most.
  process: null,
  // Whoever waits longer for a connection to the database is refused anyway, later and at a higher cost. They are thinned
  // out rather than shut out: as many are served as can be.
  phone_home: { patienceMs: 5_000, leaves: 0.5, comesBackAfter: [5, 30] },
  seats: { patienceMs: 4_000, leaves: 0.5, comesBackAfter: [2, 10] },
  updates: { patienceMs: 3_000, leaves: 0, comesBackAfter: [10, 60] },
  // New ones: a file under way is never cut.
  files: { patienceMs: 2_500, leaves: 0, comesBackAfter: [10, 60] },
  people: { patienceMs: 2_000, leaves: 0, comesBackAfter: [5, 15] },
  changes: { patienceMs: 1_500, leaves: 0, comesBackAfter: [5, 15] },
  reports: { patienceMs: 1_000, leaves: 0, comesBackAfter: [10, 30] },
} as const satisfies Record<string, Rule | null>;

export type RequestClass = keyof typeof REQUEST_CLASSES;

const ruleOf = (name: RequestClass): Rule | null => REQUEST_CLASSES[name];

/** What happened in a queue since the sample before. */
export interface QueueSample {
  readonly waiting: number;
  readonly served: number;
  readonly elapsedMs: number;
  /** For how long nobody was served though some waited. */
  readonly stuckMs: number;
}

export interface Pressure {
  /** How late a timer was on the average: how long whatever else is due has to wait for this process. */
  readonly loopDelayMs: number;
  /** Who waits for a connection to the database. */
  readonly database: QueueSample;
  /** Panels that are not answered yet, wherever they wait. */
  readonly panels: QueueSample;
}

/** A request is read in one turn of the event loop, its facts are asked for, come and are answered in others. */
const TURNS_OF_A_REQUEST = 4;

/** Fewer than these are no queue: one of them may be slow for a reason of its own. */
const CROWD = 100;

/** Little's law: who comes last waits for as long as those before it take to be served. */
const waitIn = ({ waiting, served, elapsedMs, stuckMs }: QueueSample): number =>
  served > 0 ? (waiting * elapsedMs) / served : stuckMs;

/** How long a request that comes now has to expect to wait, by whatever is slowest. */
export const expectedWaitMs = ({ loopDelayMs, database, panels }: Pressure): number =>
  Math.max(loopDelayMs * TURNS_OF_A_REQUEST, waitIn(database), panels.waiting < CROWD ? 0 : waitIn(panels));

/** So many samples in a row must agree: a burst, or one long pause, is over before anybody should be refused for it. */
export const SAMPLES_THAT_COUNT = 5;

/** Let in again bit by bit, or those who come back would be the next overload. */
const RETURNS_BY = 0.25;

/**
 * The share of a class that is let in from now on, given the one so far and the waits of the last samples. Nothing changes
 * between half the patience and the whole of it, so that a class is not let in by the calm that its own absence makes.
 */
export function nextShare(name: RequestClass, share: number, waitsMs: readonly number[]): number {
  const rule = ruleOf(name);
  if (rule === null || waitsMs.length < SAMPLES_THAT_COUNT) return share;
  if (Math.min(...waitsMs) > rule.patienceMs) return share * rule.leaves;
  if (Math.max(...waitsMs) < rule.patienceMs / 2) return Math.min(1, share + RETURNS_BY);
  return share;
}

/** When somebody who is refused had better come back; `draw` is from 0 to below 1, so that they don't come back as one. */
export function comeBackSeconds(name: RequestClass, draw: number): number {
  const [from, to] = ruleOf(name)?.comesBackAfter ?? [1, 1];
  return from + Math.floor(draw * (to - from + 1));
}
