import type { Run } from '../context.js';
import { exitOfCheck } from '../exit-codes.js';
import { outcomeReply } from '../outcome-reply.js';

export const run: Run = async (context) => {
  const outcome = await (await context.agent()).check();
  return outcomeReply(outcome, exitOfCheck(outcome), 'The server confirms the license.');
};
