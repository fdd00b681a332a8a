import { readFile } from 'node:fs/promises';
import { systemCode } from '../errors.js';

/** A process that can be told from a later one with the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** When the kernel started it, in its own unit; null where it does not tell. */
  readonly start: string | null;
}

/** The 22nd field; the name in the second may hold blanks and brackets. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

export const markOf = async (pid: number): Promise<ProcessMark> => ({ pid, start: await startOf(pid) });

export async function isAlive({ pid, start }: ProcessMark): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // One of another user may not be signalled, and is there all the same.
    if (systemCode(error) !== 'EPERM') return false;
  }
  return start === null || (await startOf(pid)) === start;
}
