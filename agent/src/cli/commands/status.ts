import type { Run } from '../context.js';
import { exitOfState } from '../exit-codes.js';
import { statusLines } from '../show-status.js';

export const run: Run = async (context) => {
  const status = await (await context.agent()).status();
  return {
    exit: exitOfState(status.state),
    json: status,
    lines: statusLines(status),
    warnings: status.warnings,
  };
};
