import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { JUST_KILLED_MS, withLock } from '../state/lock.js';
import { isAlive } from './process-mark.js';
import { readUpdateStatus, storedStatus, writeUpdateStatus, type UpdateStatus } from './update-status.js';
import type { UpdatingAgent } from './updating-agent.js';

const LOOK_EVERY_MS = 500;

/**
 * Waits for the end of an installation whose agent is gone, as one is that its own hook restarts, and writes it down. Null
 * where there is none, and when the signal comes first. AgentFault BUSY when another update has begun.
 */
export async function adoptUpdate(agent: UpdatingAgent, signal: AbortSignal): Promise<UpdateStatus | null> {
  const { stateDir } = agent.settings;
  const left = await storedStatus(stateDir);
  if (left.state !== 'installing' || left.agent === null || (await isAlive(left.agent))) return null;
  while (left.hook !== null && !signal.aborted && (await isAlive(left.hook))) {
    await sleep(LOOK_EVERY_MS, null, { signal }).catch(() => undefined);
  }
  if (signal.aborted) return null;
  const writeEnd = async () => {
    const { state, started_at } = await storedStatus(stateDir);
    if (state !== left.state || started_at !== left.started_at) return null;
    const end = await readUpdateStatus(stateDir, () => agent.currentVersion());
    const closed = { ...end, finished_at: agent.clock.now().toISOString(), hook: null };
    await writeUpdateStatus(stateDir, closed);
    return closed;
  };
  return withLock(join(stateDir, 'update.lock'), writeEnd, { waitMs: JUST_KILLED_MS });
}
