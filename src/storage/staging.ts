import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '../folders.js';
import { invalidRequest } from '../http/errors.js';
import { isCutOff } from '../http/streamed-body.js';
import { StartupError } from '../startup-error.js';

/** A file that has arrived whole and lies in the staging folder. */
export interface StagedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Twice the longest that a request may take. Other nodes may share the folder: what is younger may be under way. */
const ABANDONED_AFTER_MS = 2 * 3_600_000;

/** Passes bytes on while it counts and hashes them, so that a file is read once however large it is. */
class Measure extends Transform {
  size = 0;
  readonly #hash = createHash('sha256');

  constructor(private readonly maxBytes: number) {
    super();
  }

  get sha256(): string {
    return this.#hash.digest('hex');
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.size += chunk.length;
    if (this.size > this.maxBytes) return done(invalidRequest('Request body is too large', 413));
    this.#hash.update(chunk);
    this.push(chunk);
    done();
  }
}

/** Where uploads lie until they are whole: nothing that broke off ever has the name of an artifact. */
export class Staging {
  private constructor(private readonly folder: string) {}

  /**
   * Opens the folder, making it if need be, and sweeps it.
   * @throws StartupError when it can't be written to
   */
  static async open(folder: string): Promise<Staging> {
    const staging = new Staging(folder);
    try {
      for (const each of [dirname(folder), folder]) await makeFolder(each, 0o700);
      await staging.sweep();
    } catch (error) {
      throw new StartupError(`The storage folder can't be written to: ${folder}.`, { cause: error });
    }
    return staging;
  }

  /**
   * Writes a stream to a new file, down to the disk.
   * @throws ApiError 413 beyond `maxBytes`, 400 for no bytes at all and for a sender that leaves in the middle; no file is left
   */
  async receive(source: Readable, maxBytes: number): Promise<StagedFile> {
    const path = this.newPath();
    const measure = new Measure(maxBytes);
    try {
      // Flushed before it is closed: a row must never outlive the bytes it speaks of.
      await pipeline(source, measure, createWriteStream(path, { flags: 'wx', flush: true, mode: 0o600 }));
      if (measure.size === 0) throw invalidRequest('The file is empty');
    } catch (error) {
      await rm(path, { force: true });
      throw isCutOff(error) ? invalidRequest('The upload broke off') : error;
    }
    return { path, size: measure.size, sha256: measure.sha256 };
  }

  /** Removes what others left behind when they crashed. Ages are told by the clock of the file system, which stamped them. */
  async sweep(): Promise<void> {
    const probe = this.newPath();
    await writeFile(probe, '', { flag: 'wx' });
    const { mtimeMs: now } = await stat(probe);
    await rm(probe);
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      const part = await stat(path).catch(() => null);
      if (part !== null && now - part.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
    }
  }

  private newPath(): string {
    return join(this.folder, `${randomUUID()}.part`);
  }
}
