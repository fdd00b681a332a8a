import type { Window } from '../data-set.ts';
import type { RequestName } from './requests.ts';

/** One run of the load generator. */
export interface Run {
  readonly url: string;
  readonly request: RequestName;
  readonly window: Window;
  /** Each request of the window is sent once at the most, and the run ends with the last of them. */
  readonly once: boolean;
  readonly connections: number;
  readonly seconds: number;
  /** Bytes are counted instead of answers. */
  readonly bytes: boolean;
  /** The one status that is no failure. */
  readonly expected: number;
}

/** What came of it. */
export interface Lap {
  readonly seconds: number;
  /** Answers; where bytes are counted, mebibytes. */
  readonly amount: number;
  /** Microseconds of each answer. */
  readonly latencies: Uint32Array;
}

/** Where the generator gets the pepper from, which turns keys into what is stored of them. */
export interface Origin {
  readonly databaseUrl: string;
  readonly masterKey: string;
  readonly licenses: number;
  readonly adminKey: string;
}
