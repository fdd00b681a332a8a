import { AgentFault, systemCode } from '../errors.js';

const asUser = () => (process.geteuid === undefined ? '' : ` (user id ${process.geteuid()})`);

const REASONS: Record<string, (path: string) => string> = {
  ENOSPC: (path) => `The disk that holds ${path} is full. Free some space and try again`,
  EDQUOT: (path) => `The disk quota for ${path} is used up. Free some space and try again`,
  EFBIG: (path) => `${path} may not grow: a limit on file sizes is set. Raise it (ulimit -f) and try again`,
  EROFS: (path) =>
    `${path} is on a file system that is mounted read-only. Remount it, or name another state folder`,
  EACCES: (path) =>
    `The agent${asUser()} may not use ${path}. Run it as the owner, or hand the folder over with chown -R`,
  ENOTDIR: (path) => `A file is in the way of ${path}. Move it, or name another state folder`,
  ENOENT: (path) => `There is no folder for ${path}. Make it, or name another place`,
  ELOOP: (path) =>
    `${path} is a symbolic link, and the agent follows none there. Put a real file in its place`,
};

/**
 * Turns a failed system call on the state folder into a sentence. Every write is to a temporary file first, so whatever
 * failed, the state that was there still is.
 */
export function unwritable(path: string, error: unknown): unknown {
  return faultOf(path, error, 'written', ' The state is as it was before.');
}

function faultOf(path: string, error: unknown, done: string, besides: string): unknown {
  const code = systemCode(error);
  if (code === null || error instanceof AgentFault) return error;
  const known = REASONS[code === 'EPERM' ? 'EACCES' : code === 'EEXIST' ? 'ENOTDIR' : code];
  const sentence =
    known?.(path) ?? `${path} could not be ${done} (${code}). Look after the disk and try again`;
  return new AgentFault('STATE_UNWRITABLE', `${sentence}.${besides}`, { cause: error });
}

/** Runs a step that touches the state folder, and explains its failure. */
export async function explained<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** The same for a step that only reads, after which nobody fears for the state. */
export async function explainedRead<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw faultOf(path, error, 'read', '');
  }
}
