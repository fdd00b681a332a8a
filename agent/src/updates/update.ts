import { join } from 'node:path';
import { AgentFault } from '../errors.js';
import { JUST_KILLED_MS, withLock } from '../state/lock.js';
import { makeFolder } from './folder-faults.js';
import { silentProgress } from './progress.js';
import { UpdateBook } from './update-book.js';
import type { UpdateResult } from './update-result.js';
import { UpdateRun } from './update-run.js';
import { isUnderWay, storedStatus, sweepStatusFiles } from './update-status.js';
import type { UpdateOptions, UpdatingAgent } from './updating-agent.js';

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * Updates the panel: fetches what the service offers, one stepping stone after the other, and has the panel's own command
 * install it. AgentFault BUSY while another update runs on the state folder.
 */
export async function runUpdate(agent: UpdatingAgent, options: UpdateOptions = {}): Promise<UpdateResult> {
  const { stateDir } = agent.settings;
  await refuseUnlicensed(agent);
  await makeFolder(stateDir);
  return withLock(join(stateDir, 'update.lock'), () => updateAlone(agent, options), {
    waitMs: JUST_KILLED_MS,
  });
}

async function updateAlone(agent: UpdatingAgent, options: UpdateOptions): Promise<UpdateResult> {
  const { stateDir } = agent.settings;
  await refuseBesideHook(stateDir);
  await sweepStatusFiles(stateDir);
  const fromVersion = await agent.currentVersion();
  const book = await UpdateBook.open(
    agent,
    fromVersion,
    options.progress ?? silentProgress,
    options.version ?? null,
  );
  try {
    const result = await new UpdateRun(agent, book, options).run(fromVersion);
    await book.close(result);
    return result;
  } catch (error) {
    await book.fail(messageOf(error));
    throw error;
  }
}

/** Before anything is written: a machine without a license has no folder yet. */
async function refuseUnlicensed(agent: UpdatingAgent): Promise<void> {
  const { license, code, message } = await agent.status();
  if (license !== null) return;
  throw new AgentFault(code === 'STATE_DAMAGED' ? code : 'NOT_ACTIVATED', message);
}

/** A hook outlives the agent that started it when it restarts that agent, or when that one was killed. */
async function refuseBesideHook(stateDir: string): Promise<void> {
  const status = await storedStatus(stateDir);
  if (!(await isUnderWay(status))) return;
  throw new AgentFault(
    'BUSY',
    `The installation of ${status.version} still runs (process ${status.hook?.pid ?? status.pid}). Wait until it ends.`,
  );
}
