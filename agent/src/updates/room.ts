import { statfs } from 'node:fs/promises';
import { AgentFault } from '../errors.js';

/** Left free for everyone else on the disk: a panel whose database has no room left is worse than an old panel. */
export const MARGIN_BYTES = 16 * 1024 * 1024;

const megabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(1)} MB`;

/** Bytes that the agent's user may still write; null where the file system does not tell. */
async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize, blocks } = await statfs(folder);
    return blocks === 0 ? null : bavail * bsize;
  } catch {
    return null;
  }
}

/** AgentFault DISK_FULL when so many bytes more would not fit. */
export async function checkRoom(folder: string, missingBytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free === null || free >= missingBytes + MARGIN_BYTES) return;
  throw new AgentFault(
    'DISK_FULL',
    `The update needs ${megabytes(missingBytes + MARGIN_BYTES)} on the disk of ${folder}, and ${megabytes(free)} are free. Free some space, or name another folder for downloads.`,
  );
}
