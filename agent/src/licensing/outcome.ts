import type { ProvenAnswer } from '../server/proven-answer.js';
import type { UnreachableError } from '../server/unreachable.js';
import type { Status } from '../status.js';

/** What a call to the service came to, and where the panel stands now. */
export interface Outcome {
  readonly answer: 'granted' | 'refused' | 'unreachable';
  /** `VALID`, the code of the refusal, or `UNREACHABLE`. */
  readonly code: string;
  /** A sentence about what went wrong, or about what is to be known besides; null when there is nothing to say. */
  readonly problem: string | null;
  /** What the service says of single fields: the version floor, for instance. */
  readonly details: Readonly<Record<string, readonly string[]>> | null;
  /** Seconds that the service asked to wait. */
  readonly retryAfterSeconds: number | null;
  readonly status: Status;
}

/** What came of it, before the status is known. */
export type Answered = Omit<Outcome, 'status'>;

export const grantedAnswer = (problem: string | null = null): Answered => ({
  answer: 'granted',
  code: 'VALID',
  problem,
  details: null,
  retryAfterSeconds: null,
});

export const refusedAnswer = ({ code, error, details }: ProvenAnswer): Answered => ({
  answer: 'refused',
  code,
  problem: `${error}.`,
  details,
  retryAfterSeconds: null,
});

export const unreachableAnswer = ({ message, retryAfterSeconds }: UnreachableError): Answered => ({
  answer: 'unreachable',
  code: 'UNREACHABLE',
  problem: `${message}.`,
  details: null,
  retryAfterSeconds,
});
