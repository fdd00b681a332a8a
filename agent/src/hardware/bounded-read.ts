import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { systemCode } from '../errors.js';

/** An ordinary file's text, at most so much of it; `isWhole` says whether that is all. */
export interface BoundedText {
  readonly text: string;
  readonly isWhole: boolean;
  readonly mode: number;
}

/** The code of the error for a folder, a pipe or a device: opening those may wait, and reading them may not end. */
export const NOT_A_FILE = 'ENOTSUP';

/**
 * Reads a file without waiting for one that never ends. Null: there is no such file. Throws an error of the system where it
 * can't be read.
 */
export async function readBounded(file: string, limit: number): Promise<BoundedText | null> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return null;
    throw error;
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile())
      throw Object.assign(new Error(`${file} is not an ordinary file`), { code: NOT_A_FILE });
    // What /proc holds has no size, so one byte more than allowed is asked for.
    const buffer = Buffer.alloc(limit + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    return {
      text: buffer.toString('utf8', 0, Math.min(length, limit)),
      isWhole: length <= limit,
      mode: stat.mode,
    };
  } finally {
    await handle.close();
  }
}

/** The same of a file that nothing depends on: empty where it can't be read. */
export async function readHint(file: string, limit: number): Promise<string> {
  try {
    return (await readBounded(file, limit))?.text ?? '';
  } catch {
    return '';
  }
}
