import type { StandingCode, StandingState } from '../domain/standing.js';
import { FAULTS, type FaultCode } from '../errors.js';

/** What the command line ends with, in the words of its help; scripts rely on it. */
export const EXIT_CODES = {
  0: 'licensed; also while the server is out of reach, until the lease ends',
  1: 'something failed that has nothing to do with the license: the message says what',
  2: 'grace: the lease has ended, and the panel stops soon',
  3: 'unlicensed; also when the server refused what was asked',
  4: 'wrong usage, a wrong setting, or a mistyped key',
  5: 'the server is out of reach: never licensed, or nothing can be done without it',
  130: 'interrupted (SIGINT); 143 when terminated (SIGTERM)',
} as const satisfies Record<number, string>;

const BY_STATE = { licensed: 0, unreachable: 0, grace: 2, unlicensed: 3 } as const satisfies Record<
  StandingState,
  number
>;

export const exitOfState = (state: StandingState): number => BY_STATE[state];

export const exitOfFault = (code: FaultCode): number => FAULTS[code].exit;

interface Answered {
  readonly answer: 'granted' | 'refused' | 'unreachable';
  readonly status: { readonly state: StandingState; readonly code: StandingCode };
}

/** A check of a panel that is licensed is no failure when the server is away; that is what the lease is for. */
export function exitOfCheck({ answer, status }: Answered): number {
  if (answer === 'unreachable' && status.code === 'NOT_ACTIVATED') return 5;
  return exitOfState(status.state);
}

/** A change that was asked for was made, or it was not; `whenGranted` is the exit code then. */
export function exitOfChange({ answer }: Answered, whenGranted: number): number {
  if (answer === 'unreachable') return 5;
  return answer === 'refused' ? 3 : whenGranted;
}
