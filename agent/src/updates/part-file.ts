import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flushFolder } from '../state/atomic-file.js';
import { onDisk } from './folder-faults.js';
import { hasBytesOf } from './hashing.js';
import type { VerifiedDownload } from './verified-download.js';

/** A name may have 255 bytes, and a character up to 4. */
const LONGEST_BEGINNING = 50;

/** Where a file is gathered until it is whole. The hash is in the name, so the parts of two files never mix. */
export const partPath = (folder: string, { filename, sha256 }: VerifiedDownload): string =>
  join(folder, `${[...filename].slice(0, LONGEST_BEGINNING).join('')}.${sha256.slice(0, 16)}.part`);

/** Where the whole file is found. */
export const finalPath = (folder: string, { filename }: VerifiedDownload): string => join(folder, filename);

/** A file that is not whole yet. It gets its name only when every byte was compared with what was signed. */
export class PartFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #size: number;
  #holdsOldBytes: boolean;

  private constructor(path: string, handle: FileHandle, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.#size = size;
    this.#holdsOldBytes = size > 0;
  }

  /** Opens what an earlier run has left, or begins anew. */
  static async open(folder: string, download: VerifiedDownload): Promise<PartFile> {
    const path = partPath(folder, download);
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
    return onDisk(path, async () => {
      const handle = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
      const part = new PartFile(path, handle, (await handle.stat()).size);
      if (part.size > download.size) await part.restart();
      return part;
    });
  }

  /** Bytes that are there. */
  get size(): number {
    return this.#size;
  }

  /** Whether some of the bytes were there before this run: if they are wrong, whoever sent the others is not to blame. */
  get holdsOldBytes(): boolean {
    return this.#holdsOldBytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await onDisk(this.#path, async () => {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.#size);
        at += bytesWritten;
        this.#size += bytesWritten;
      }
    });
  }

  /** Throws away what is there. */
  async restart(): Promise<void> {
    await onDisk(this.#path, () => this.#handle.truncate(0));
    this.#size = 0;
    this.#holdsOldBytes = false;
  }

  async isRight(download: VerifiedDownload): Promise<boolean> {
    return onDisk(this.#path, () => hasBytesOf(this.#handle, download));
  }

  /** Gives the file its name, to keep it through a power cut. Only for one that is right. */
  async finish(path: string): Promise<void> {
    await onDisk(path, async () => {
      await this.#handle.sync();
      await rename(this.#path, path);
      await flushFolder(dirname(path));
    });
  }

  async remove(): Promise<void> {
    await onDisk(this.#path, () => rm(this.#path, { force: true }));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
