import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../errors.js';

const TEMPORARY = /\.[0-9a-f]{12}\.tmp$/;
/** File systems that cannot flush a folder say so like this; the rename is then as durable as they make it. */
const CANNOT_FLUSH = new Set(['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM', 'EBADF']);

/** Makes what happened to names in a folder last through a power cut. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!CANNOT_FLUSH.has(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/**
 * A file that takes the place of another as a whole or not at all. Its room on the disk is taken before there is
 * anything to write, so that a full disk is noticed while nothing is lost by it.
 */
export class Replacement {
  readonly #file: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;

  private constructor(file: string, temporary: string, handle: FileHandle) {
    this.#file = file;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  static async open(file: string, roomBytes: number): Promise<Replacement> {
    const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
    const replacement = new Replacement(file, temporary, await open(temporary, 'wx', 0o600));
    try {
      await replacement.#handle.writeFile(Buffer.alloc(roomBytes));
    } catch (error) {
      await replacement.discard();
      throw error;
    }
    return replacement;
  }

  /** Puts the text in the file's place, to stay there through a power cut. */
  async put(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length;) {
        at += (await this.#handle.write(bytes, at, bytes.length - at, at)).bytesWritten;
      }
      await this.#handle.truncate(bytes.length);
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#temporary, this.#file);
    } catch (error) {
      await this.discard();
      throw error;
    }
    await flushFolder(dirname(this.#file));
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#temporary, { force: true }).catch(() => undefined);
  }
}

/** Removes what writers left that were killed. Only for who holds the lock: then every one of them is dead. */
export async function sweepTemporaries(folder: string, files: readonly string[]): Promise<void> {
  const names = files.map((file) => `${basename(file)}.`);
  for (const name of await readdir(folder)) {
    if (TEMPORARY.test(name) && names.some((start) => name.startsWith(start))) {
      await rm(join(folder, name), { force: true });
    }
  }
}
