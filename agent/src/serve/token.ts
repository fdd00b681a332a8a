import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { AgentFault, systemCode } from '../errors.js';
import { Replacement } from '../state/atomic-file.js';
import { explained, explainedRead } from '../state/unwritable.js';

const MOST_BYTES = 1_024;
const TOKEN = /^[\x21-\x7e]{16,}$/;
const OTHERS = 0o007;

/**
 * The token that a panel shows, made at the first start. A file that is there keeps its owner and mode: a panel under
 * another user is let in by `chgrp` and mode 640. AgentFault FILE_UNACCEPTABLE for one that keeps no secret.
 */
export async function panelToken(file: string): Promise<string> {
  return (await readToken(file)) ?? makeToken(file);
}

async function makeToken(file: string): Promise<string> {
  const token = `mat_${randomBytes(32).toString('base64url')}`;
  await explained(file, async () => (await Replacement.open(file, 0)).put(`${token}\n`));
  return token;
}

const unacceptable = (sentence: string) => new AgentFault('FILE_UNACCEPTABLE', sentence);

async function readToken(file: string): Promise<string | null> {
  const handle = await explainedRead(file, () => openToRead(file));
  if (handle === null) return null;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > MOST_BYTES) {
      throw unacceptable(`${file} is no token file. Move it away, and the daemon makes one.`);
    }
    if ((stats.mode & OTHERS) !== 0) {
      throw unacceptable(
        `Every user of this machine may use ${file}, which is the key to the panel API. Run: chmod o= ${file}`,
      );
    }
    const token = (await handle.readFile('utf8')).trim();
    if (TOKEN.test(token)) return token;
    throw unacceptable(
      `${file} holds no token of at least 16 characters. Remove it, and the daemon makes one.`,
    );
  } finally {
    await handle.close();
  }
}

async function openToRead(file: string) {
  try {
    // Without waiting for a writer, should it be a pipe.
    return await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}
