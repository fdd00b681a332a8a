import { readFileSync } from 'node:fs';
import { AgentFault, systemCode } from '../errors.js';
import { jsonFault } from './json-fault.js';

/** What a JSON file says, by setting. Null: it isn't there, which is an error only where somebody `asked` for it. */
export function readConfigFile(file: string, asked: boolean): Readonly<Record<string, unknown>> | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (!asked && (code === 'ENOENT' || code === 'ENOTDIR')) return null;
    throw new AgentFault('USAGE', `The settings file ${file} cannot be read (${code ?? 'unknown error'}).`, {
      cause: error,
    });
  }
  // Editors of some systems put a byte order mark first.
  text = text.replace(/^\uFEFF/, '');
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    // Only the place: what Node quotes of the text may be anything.
    const where = jsonFault(text);
    throw new AgentFault(
      'USAGE',
      `The settings file ${file} is not JSON${where === null ? '' : `: see ${where}`}.`,
      {
        cause: error,
      },
    );
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new AgentFault('USAGE', `The settings file ${file} must hold one JSON object.`);
  }
  return content as Record<string, unknown>;
}
