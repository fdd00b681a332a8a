import { AgentFault, systemCode } from '../errors.js';
import { makeFolders } from '../state/make-folder.js';

const FULL = new Set(['ENOSPC', 'EDQUOT']);

const ADVICE: Record<string, string> = {
  EROFS: 'It is on a file system that is mounted read-only. Remount it, or name another folder',
  EACCES: 'Hand it over to the user of the agent with chown -R, or name another folder',
  EPERM: 'Hand it over to the user of the agent with chown -R, or name another folder',
  ENOENT: 'Its file system takes no folders. Name another one',
  ELOOP: 'It is a symbolic link, and the agent follows none there. Remove the link',
  EFBIG: 'A limit on file sizes is set. Raise it with ulimit -f',
  EISDIR: 'A folder has the name that the file needs. Move the folder away',
  ENOTDIR: 'A file is in the way. Move it away, or name another folder',
  EEXIST: 'A file is in the way. Move it away, or name another folder',
  ENAMETOOLONG: 'The name is too long for its file system. Name a folder on another one',
};

function explain(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === null || error instanceof AgentFault) return error;
  if (FULL.has(code)) {
    return new AgentFault(
      'DISK_FULL',
      `The disk of ${path} is full. Free some space and run \`mooring-agent update\` again: what was downloaded is kept.`,
      { cause: error },
    );
  }
  const advice = ADVICE[code] ?? 'Look after the disk';
  return new AgentFault('STATE_UNWRITABLE', `${path} cannot be used (${code}). ${advice}.`, { cause: error });
}

/** Runs a step on the folder of downloads, and turns its failure into a sentence. */
export async function onDisk<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw explain(path, error);
  }
}

/** Makes a folder, and those above it, unless it is there. */
export const makeFolder = (path: string): Promise<void> => onDisk(path, () => makeFolders(path));
