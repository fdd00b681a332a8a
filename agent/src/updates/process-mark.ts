import { readFile } from 'node:fs/promises';
import { systemCode } from '../errors.js';

/** A process that can be told from a later one with the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** When the kernel started it, in its own unit; null where it does not tell. */
  readonly start: string | null;
}

/** Its 3rd and 22nd field; the name in the second may hold blanks and brackets. */
async function statOf(pid: number): Promise<{ state: string | null; start: string | null }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] || null, start: fields[19] ?? null };
}

/** It has ended, and nobody has asked how: in a container without an init that stays so for good. */
const GONE: ReadonlySet<string | null> = new Set(['Z', 'X']);

export const markOf = async (pid: number): Promise<ProcessMark> => ({
  pid,
  start: (await statOf(pid)).start,
});

export async function isAlive({ pid, start }: ProcessMark): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // One of another user may not be signalled, and is there all the same.
    if (systemCode(error) !== 'EPERM') return false;
  }
  const now = await statOf(pid);
  return !GONE.has(now.state) && (start === null || now.start === start);
}
