import { AgentFault } from '../errors.js';
import { readPrivate } from './private-file.js';

/** The length of the key of the seal, and of its file: hexadecimal digits and the end of the line. */
export const KEY_BYTES = 32;
export const KEY_FILE_BYTES = 2 * KEY_BYTES + 1;

const TEXT = /^[0-9a-f]{64}\n$/;

/** The key in the file, null when there is none. AgentFault STATE_DAMAGED when it is no key. */
export async function readKey(file: string): Promise<Buffer | null> {
  const text = await readPrivate(file);
  if (text === null) return null;
  if (TEXT.test(text)) return Buffer.from(text.trim(), 'hex');
  throw new AgentFault(
    'STATE_DAMAGED',
    `${file} is damaged, so the state beside it cannot be judged. Activate the license again with \`mooring-agent activate KEY\`; that costs no seat.`,
  );
}

export const keyText = (key: Buffer): string => `${key.toString('hex')}\n`;
