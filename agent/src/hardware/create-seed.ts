import { randomBytes } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentFault, systemCode } from '../errors.js';
import { flushFolder } from '../state/atomic-file.js';
import { makeFolders } from '../state/make-folder.js';

/** Makes a seed of 256 random bits, and never over one that is there: the license is bound to that. */
export async function createSeed(file: string): Promise<void> {
  const folder = dirname(file);
  let handle: FileHandle;
  try {
    await makeFolders(folder);
  } catch (error) {
    throw unwritten(file, error);
  }
  try {
    handle = await open(file, 'wx', 0o600);
  } catch (error) {
    throw systemCode(error) === 'EEXIST' ? taken(file, error) : unwritten(file, error);
  }
  try {
    await handle.writeFile(`${randomBytes(32).toString('hex')}\n`);
    await handle.sync();
    // Without this the name may be gone after a power cut, and the license with it.
    await flushFolder(folder);
  } catch (error) {
    await rm(file, { force: true });
    throw unwritten(file, error);
  } finally {
    await handle.close();
  }
}

const taken = (file: string, cause: unknown): AgentFault =>
  new AgentFault(
    'USAGE',
    `There is a file ${file} already, and the hardware id may be made of it. It was left as it is; delete it first if you are sure that no license depends on it.`,
    { cause },
  );

function unwritten(file: string, cause: unknown): AgentFault {
  const code = systemCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const sentence = `There is no space left for the seed file ${file}. Free some, and try again.`;
    return new AgentFault('DISK_FULL', sentence, { cause });
  }
  return new AgentFault(
    'STATE_UNWRITABLE',
    `The seed file ${file} cannot be written (${code ?? 'unknown error'}). Let the user of the agent write to ${dirname(file)}, or name another file with \`--seed-file\`.`,
    { cause },
  );
}
