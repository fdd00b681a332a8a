import { realpath } from 'node:fs/promises';
import type { Seed } from '../domain/hardware-choice.js';
import { isInMemory, mountOf } from '../domain/mounts.js';
import { AgentFault, systemCode } from '../errors.js';
import { NOT_A_FILE, readBounded, type BoundedText } from './bounded-read.js';
import type { Surroundings } from './surroundings.js';

const SHORTEST = 32;
const LIMIT = 4096;
const WRITABLE_BY_OTHERS = 0o022;

const wrong = (sentence: string): AgentFault => new AgentFault('HARDWARE_UNKNOWN', sentence);

/**
 * The seed in a file, without the blanks around it; null: there is no such file. A link is followed, as secrets of
 * Kubernetes are links. Throws where the file is no good: a seed that anyone can write, or guess, tells nothing.
 */
export async function readSeed(file: string): Promise<string | null> {
  let found: BoundedText | null;
  try {
    found = await readBounded(file, LIMIT);
  } catch (error) {
    throw wrong(
      systemCode(error) === NOT_A_FILE
        ? `The seed file ${file} is not an ordinary file. Name another with \`--seed-file\`.`
        : `The seed file ${file} cannot be read (${systemCode(error) ?? 'unknown error'}). Let the user of the agent own it, with mode 0600.`,
    );
  }
  if (found === null) return null;
  // Windows has no such modes.
  if (process.platform !== 'win32' && (found.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw wrong(
      `The seed file ${file} can be changed by others than its owner. Take that right away: \`chmod 600 ${file}\`.`,
    );
  }
  if (!found.isWhole) {
    throw wrong(`The seed file ${file} is longer than ${LIMIT} bytes, so it is something else than a seed.`);
  }
  const seed = found.text.trim();
  if (seed.length < SHORTEST) {
    throw wrong(
      `The seed file ${file} holds fewer than ${SHORTEST} characters. Restore it from a backup, or delete it and make one with \`mooring-agent hardware-id --create-seed\`.`,
    );
  }
  // U+FFFD stands for bytes that are no UTF-8: two different files could read the same.
  if (/[\p{Cc}\uFFFD]/u.test(seed)) {
    throw wrong(`The seed file ${file} is not one line of text. Restore it from a backup.`);
  }
  return seed;
}

/** A seed file as it was found. */
export interface FoundSeed extends Seed {
  readonly secret: string | null;
}

/** Looks for the seed, and says what is wrong with it rather than throwing that. */
export async function lookForSeed(
  { seedFile: file, isSeedConfigured: isConfigured }: { seedFile: string; isSeedConfigured: boolean },
  { container, mounts }: Surroundings,
): Promise<FoundSeed> {
  const absent = { file, isConfigured, isThere: false, trouble: null, isShortLived: false, secret: null };
  try {
    const secret = await readSeed(file);
    if (secret === null) return absent;
    const mount = mountOf(await realpath(file), mounts);
    const isShortLived = container?.kind === 'application' && (mount?.point === '/' || isInMemory(mount));
    return { ...absent, isThere: true, isShortLived, secret };
  } catch (error) {
    if (!(error instanceof AgentFault)) throw error;
    return { ...absent, isThere: true, trouble: error.message };
  }
}
