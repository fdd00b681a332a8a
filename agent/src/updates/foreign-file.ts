import { lstat } from 'node:fs/promises';
import { AgentFault } from '../errors.js';
import { isWhole, type Artifact } from './hashing.js';

/**
 * Whether somebody else has put the file under its name already, in a folder that is not the agent's alone. AgentFault
 * FILE_UNACCEPTABLE for anything else of that name: it is not the agent's to overwrite.
 */
export async function isTaken(path: string, artifact: Artifact): Promise<boolean> {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return false;
  if (await isWhole(path, artifact)) return true;
  throw new AgentFault(
    'FILE_UNACCEPTABLE',
    `${path} is there already and was not downloaded by this agent. Move it away, or name another folder for downloads.`,
  );
}
