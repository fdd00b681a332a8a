import { createHmac, timingSafeEqual } from 'node:crypto';
import { AgentFault } from '../errors.js';
import { isAgentState } from './schema.js';
import type { AgentState } from './state.js';

const FORMAT = 1;
const PURPOSE = 'mooring-agent-state';

function macOf(body: unknown, key: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(`${PURPOSE}/${FORMAT}\n${JSON.stringify(body)}`)
    .digest();
}

/**
 * The text of a state file. The code over the body shows accidents and edits by hand, no more: the key lies next to the
 * file, so an owner of the machine who reads this source can forge it. A lease in it still has to be signed by a key
 * that is pinned there, which keeps out whoever does not go that far.
 */
export function seal(state: AgentState, key: Buffer): string {
  const body: unknown = JSON.parse(JSON.stringify(state));
  // Better to fail here than to write what the next start would call damaged.
  if (!isAgentState(body)) throw new TypeError('This is no state of an agent');
  return `${JSON.stringify({ format: FORMAT, body, mac: macOf(body, key).toString('hex') }, null, 2)}\n`;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isMac(mac: unknown, expected: Buffer): boolean {
  if (typeof mac !== 'string') return false;
  const bytes = Buffer.from(mac, 'hex');
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

/** Whether the text says that a newer agent wrote it: that is no damage, and not to be swept away. */
export function isNewerFormat(text: string): boolean {
  const format = parsed(text)?.['format'];
  return typeof format === 'number' && format > FORMAT;
}

/** The state in a file's text. AgentFault STATE_DAMAGED when it is not as this agent wrote it. */
export function unseal(text: string, key: Buffer | null, file: string): AgentState {
  const problem = (what: string) =>
    new AgentFault(
      'STATE_DAMAGED',
      `${file} ${what}. Activate the license again with \`mooring-agent activate KEY\`; that costs no seat.`,
    );
  if (isNewerFormat(text)) {
    throw new AgentFault(
      'STATE_DAMAGED',
      `${file} was made by a newer agent than this one. Install that version again, or name another state folder.`,
    );
  }
  const content = parsed(text);
  if (content === null) throw problem('is cut short, or is not a state file');
  if (content['format'] !== FORMAT) throw problem('is not a state file');
  if (key === null) throw problem('cannot be judged, as state.key beside it is gone');
  if (!isMac(content['mac'], macOf(content['body'], key))) {
    throw problem('was changed by something else than the agent');
  }
  if (!isAgentState(content['body'])) throw problem('does not hold what this agent keeps in it');
  return content['body'];
}
