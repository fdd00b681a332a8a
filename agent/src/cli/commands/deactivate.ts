import type { Run } from '../context.js';
import { exitOfChange } from '../exit-codes.js';
import { outcomeReply } from '../outcome-reply.js';

export const run: Run = async (context) => {
  const outcome = await (await context.agent()).deactivate();
  const { answer, problem } = outcome;
  // Where there is something to be known, the seat was not given back just now.
  const done = problem ?? 'The seat of this machine is given back.';
  const reply = outcomeReply(outcome, exitOfChange(outcome, 0), done);
  if (answer !== 'granted') return reply;
  // That no license is activated any more was the point.
  return { ...reply, lines: [done], warnings: outcome.status.warnings };
};
