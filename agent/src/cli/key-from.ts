import { AgentFault } from '../errors.js';
import type { Options } from './context.js';
import { readInput } from './read-input.js';

const KEY_LIMIT_BYTES = 4096;

/** The key as it was given: typed, in a file, or on standard input; undefined when it was not. */
export async function keyFrom(typed: string | undefined, options: Options): Promise<string | undefined> {
  const { keyFile } = options as { readonly keyFile?: string };
  if (typed !== undefined && keyFile !== undefined) {
    throw new AgentFault('USAGE', 'Give the key either on the command line or with --key-file, not both.');
  }
  if (typed?.trim() === '') {
    throw new AgentFault('USAGE', 'The license key that was given is empty. Was a variable not set?');
  }
  const file = keyFile ?? (typed === '-' ? '-' : undefined);
  if (file === undefined) return typed;
  const lines = (await readInput(file, 'license key', KEY_LIMIT_BYTES))
    .split(/\r?\n/)
    .map((line) => line.trim());
  const [key, ...more] = lines.filter((line) => line !== '');
  if (key === undefined || more.length > 0) {
    throw new AgentFault(
      'USAGE',
      `${file === '-' ? 'Standard input' : file} must hold the license key alone, on one line.`,
    );
  }
  return key;
}
