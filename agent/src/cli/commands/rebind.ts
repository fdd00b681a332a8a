import type { Run } from '../context.js';
import { exitOfChange, exitOfState } from '../exit-codes.js';
import { keyFrom } from '../key-from.js';
import { outcomeReply } from '../outcome-reply.js';

export const run: Run = async (context, [typed], options) => {
  const agent = await context.agent();
  const { from } = options as { readonly from?: string };
  const key = await keyFrom(typed, options);
  const outcome = await agent.rebind({
    ...(key !== undefined && { key }),
    ...(from !== undefined && { previousHardwareId: from }),
  });
  const exit = exitOfChange(outcome, exitOfState(outcome.status.state));
  return outcomeReply(outcome, exit, 'The seat is moved to this machine.');
};
