import { AgentFault } from '../../errors.js';
import type { Run } from '../context.js';
import { exitOfChange, exitOfState } from '../exit-codes.js';
import { keyFrom } from '../key-from.js';
import { outcomeReply } from '../outcome-reply.js';

export const run: Run = async (context, [typed], options) => {
  const agent = await context.agent();
  const { from } = options as { readonly from?: string };
  const key = await keyFrom(typed, options);
  // A machine that holds no license knows neither. Where the state is damaged, that is what is told.
  if ((key === undefined || from === undefined) && !(await agent.folder.read())?.license) {
    throw new AgentFault(
      'NOT_ACTIVATED',
      'No license is activated on this machine, so give both the key and the hardware id that holds the seat: `mooring-agent rebind KEY --from HARDWARE_ID`.',
    );
  }
  const outcome = await agent.rebind({
    ...(key !== undefined && { key }),
    ...(from !== undefined && { previousHardwareId: from }),
  });
  const exit = exitOfChange(outcome, exitOfState(outcome.status.state));
  return outcomeReply(outcome, exit, 'The seat is moved to this machine.');
};
