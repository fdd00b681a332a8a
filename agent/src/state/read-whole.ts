import { AgentFault } from '../errors.js';
import type { StateFolder } from './state-folder.js';
import type { AgentState } from './state.js';

/** The state, or null where it is damaged: for what has to work beside a damaged one, too. */
export async function readWhole(folder: StateFolder): Promise<AgentState | null> {
  try {
    return await folder.read();
  } catch (error) {
    if (error instanceof AgentFault && error.code === 'STATE_DAMAGED') return null;
    throw error;
  }
}
