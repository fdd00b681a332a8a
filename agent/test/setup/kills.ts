import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentChild } from './agent-child.js';

/** Milliseconds from one line of a child to another, on this machine as loaded as it is now. */
export async function measure(child: AgentChild, from: string, to: string): Promise<number> {
  await child.line(from);
  const begunAt = performance.now();
  if ((await child.line(to)) === null) throw new Error(`It ended without "${to}"`);
  return performance.now() - begunAt;
}

/** Kills a child at a random moment within so many milliseconds after a line. Throws when it had failed before. */
export async function killAfter(child: AgentChild, line: string, withinMs: number): Promise<void> {
  await child.line(line);
  await sleep(Math.random() * withinMs);
  child.kill();
  const { code, lines } = await child.ended();
  if (code !== null && code !== 0) throw new Error(`It ended by itself: ${lines.join(' | ')}`);
}
