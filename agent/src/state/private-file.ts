import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { AgentFault, systemCode } from '../errors.js';
import { explainedRead } from './unwritable.js';

/** Far more than any state has: what is larger is not ours, and is not worth the memory. */
const MAX_BYTES = 4 * 1024 * 1024;
const OTHERS = 0o077;

const damaged = (sentence: string) => new AgentFault('STATE_DAMAGED', sentence);

async function openAsIs(file: string) {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    return await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    if (systemCode(error) === 'ELOOP') {
      throw damaged(
        `${file} is a symbolic link, and the agent follows none. Put the real file in its place.`,
      );
    }
    throw error;
  }
}

/**
 * The text of a file that is for its owner alone; null when there is none. AgentFault STATE_DAMAGED for anything that is
 * not such a file: whoever could read it may have the license key, and the owner should know.
 */
export async function readPrivate(file: string): Promise<string | null> {
  return explainedRead(file, async () => {
    const handle = await openAsIs(file);
    if (handle === null) return null;
    try {
      const { mode, size } = await handle.stat();
      if ((mode & constants.S_IFMT) !== constants.S_IFREG)
        throw damaged(`${file} is not a file. Move it away.`);
      if ((mode & OTHERS) !== 0) {
        const digits = (mode & 0o777).toString(8);
        throw damaged(
          `Others than its owner may use ${file} (mode ${digits}), and it holds the license key. Run: chmod 600 ${file}`,
        );
      }
      if (size > MAX_BYTES)
        throw damaged(`${file} is too large to be a state. Move it away, then activate again.`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  });
}
