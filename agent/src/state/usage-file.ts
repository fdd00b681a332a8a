import { join } from 'node:path';
import { Replacement, sweepTemporaries } from './atomic-file.js';
import { withLock } from './lock.js';
import { readPrivate } from './private-file.js';
import { explained } from './unwritable.js';

const ROOM_BYTES = 8 * 1024;

/** Counters of what is in use. */
export type Usage = Readonly<Record<string, number>>;

/** By hand: valibot leaves out of a record what is named like a property of every object. */
const isUsage = (value: unknown): value is Usage =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((count) => Number.isSafeInteger(count) && count >= 0);

const fileIn = (dir: string): string => join(dir, 'usage.json');

/**
 * What the panel last reported; nothing where there is no such file, or none that can be understood: the next report mends
 * it. It lies beside the state, so that a panel never waits with it for a service that is being asked.
 */
export async function readUsage(dir: string): Promise<Usage> {
  const text = await readPrivate(fileIn(dir)).catch(() => null);
  if (text === null) return {};
  try {
    const usage: unknown = JSON.parse(text);
    return isUsage(usage) ? usage : {};
  } catch {
    return {};
  }
}

/** Replaces it. The folder must exist. */
export async function writeUsage(dir: string, usage: Usage): Promise<void> {
  const file = fileIn(dir);
  await withLock(join(dir, 'usage.lock'), () =>
    explained(file, async () => {
      await sweepTemporaries(dir, [file]);
      const replacement = await Replacement.open(file, ROOM_BYTES);
      await replacement.put(`${JSON.stringify(usage)}\n`);
    }),
  );
}
