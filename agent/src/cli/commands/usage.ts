import { AgentFault } from '../../errors.js';
import type { Run } from '../context.js';
import { exitOfState } from '../exit-codes.js';
import { table } from '../reply.js';

/** The facade judges names and numbers; here it only has to be one of each. */
function counterOf(written: string): readonly [string, number] {
  const [, name, count] = /^([^=]+)=(\d+)$/.exec(written) ?? [];
  if (name !== undefined && count !== undefined) return [name, Number(count)];
  // The word is not repeated: it may be a key in the wrong place.
  throw new AgentFault('USAGE', 'Write each counter as its name, = and a whole number: accounts=10.');
}

export const run: Run = async (context, written) => {
  const agent = await context.agent();
  const status = await agent.reportUsage(Object.fromEntries(written.map((word) => counterOf(word ?? ''))));
  return {
    exit: exitOfState(status.state),
    json: status,
    lines: [
      'The next check reports:',
      ...table(Object.entries(status.usage).map(([name, count]) => [name, String(count)] as const)),
    ],
    warnings: status.warnings,
  };
};
