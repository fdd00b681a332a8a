import { completionScript, type Shell } from '../completion/script.js';
import type { Run } from '../context.js';

export const run: Run = async (_context, [shell]) => {
  const script = completionScript(shell as Shell);
  return { exit: 0, json: { shell, script }, lines: [script.trimEnd()] };
};
