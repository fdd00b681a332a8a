import type { Run } from '../context.js';
import { exitOfChange, exitOfState } from '../exit-codes.js';
import { outcomeReply } from '../outcome-reply.js';
import { readInput } from '../read-input.js';

const LEASE_FILE_LIMIT_BYTES = 1024 * 1024;

export const run: Run = async (context, [file = '-']) => {
  const agent = await context.agent();
  const outcome = await agent.offlineInstall(await readInput(file, 'lease file', LEASE_FILE_LIMIT_BYTES));
  const exit = exitOfChange(outcome, exitOfState(outcome.status.state));
  return outcomeReply(outcome, exit, 'The lease file is installed.');
};
