import type { Run } from '../context.js';
import { exitOfChange } from '../exit-codes.js';
import { outcomeReply } from '../outcome-reply.js';

export const run: Run = async (context) => {
  const outcome = await (await context.agent()).deactivate();
  const done = 'The seat of this machine is given back.';
  const reply = outcomeReply(outcome, exitOfChange(outcome, 0), done);
  // That no license is activated any more was the point.
  return outcome.answer === 'granted' ? { ...reply, lines: [done] } : reply;
};
