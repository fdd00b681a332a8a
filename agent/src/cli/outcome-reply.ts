import type { Outcome } from '../licensing/outcome.js';
import { REFUSALS, isRefusalCode } from '../domain/refusals.js';
import type { Reply } from './reply.js';
import { statusLines } from './show-status.js';

const adviceOf = (code: string): string => (isRefusalCode(code) ? ` ${REFUSALS[code].advice}` : '');

/** What the service answered to a command, and where the panel stands now. */
export function outcomeReply(outcome: Outcome, exit: number, done: string): Reply {
  const { answer, code, problem, details, retryAfterSeconds, status } = outcome;
  const isGranted = answer === 'granted';
  const error = isGranted ? {} : { error: { code, message: problem ?? code } };
  const json = { answer, code, details, retry_after_seconds: retryAfterSeconds, ...error, status };
  // What is to be known although the answer was good.
  const also = isGranted && problem !== null ? [problem] : [];
  const warnings = [...also, ...status.warnings.filter((warning) => warning !== problem)];
  return { exit, json, lines: linesOf(outcome, done), warnings };
}

function linesOf(
  { answer, code, problem, details, retryAfterSeconds, status }: Outcome,
  done: string,
): string[] {
  if (answer === 'granted') return [done, ...statusLines(status)];
  const sentence = problem ?? code;
  if (answer === 'unreachable') {
    const later =
      retryAfterSeconds === null
        ? []
        : [`The server asks not to be called for ${retryAfterSeconds} seconds.`];
    const [standing = '', ...facts] = statusLines(status);
    // That it is out of reach has been said; that the license is in grace for it, or ended, has not.
    const besides = status.code === 'UNREACHABLE' ? [] : [standing];
    return [`unreachable: ${sentence}`, ...later, ...besides, ...facts];
  }
  // A refusal of the license that is held is told by the status.
  const refusal = status.code === code ? [] : [`refused: ${sentence}${adviceOf(code)}`];
  return [...refusal, ...Object.values(details ?? {}).flat(), ...statusLines(status)];
}
