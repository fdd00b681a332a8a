import { AgentFault } from '../../errors.js';
import type { Run } from '../context.js';
import { exitOfChange, exitOfState } from '../exit-codes.js';
import { keyFrom } from '../key-from.js';
import { outcomeReply } from '../outcome-reply.js';

export const run: Run = async (context, [typed], options) => {
  const agent = await context.agent();
  const key = await keyFrom(typed, options);
  if (key === undefined) throw new AgentFault('USAGE', 'Give the license key: `mooring-agent activate KEY`.');
  const outcome = await agent.activate(key, { force: options.force === true });
  const exit = exitOfChange(outcome, exitOfState(outcome.status.state));
  return outcomeReply(outcome, exit, 'This machine is activated.');
};
