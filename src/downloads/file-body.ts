import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Chunks } from './chunks.js';

/** Which bytes of a file: from `start` up to and without `end`. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** Resolves when the kernel has the bytes, as the answer of an HTTP server knows: their memory may be used again. */
const written = (to: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    to.write(bytes, (error) => (error ? reject(error) : resolve()));
  });

/**
 * A part of a file as the body of an answer; closes the file when it has ended, or when the client leaves. Node's own
 * stream allocates a buffer for every read, since whoever listens to it may keep them. This one writes to the answer by
 * itself, and so knows when a buffer is free again. While one is sent the next is read.
 */
export class FileBody extends Readable {
  private readonly held = new Set<Buffer>();

  constructor(
    private readonly file: FileHandle,
    private readonly part: Part,
    private readonly chunks: Chunks,
  ) {
    super();
  }

  override pipe<T extends NodeJS.WritableStream>(to: T): T {
    void this.send(to);
    return to;
  }

  /** Nothing is read from it by anyone else: see `pipe`. */
  override _read(): void {}

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    for (const chunk of this.held) this.chunks.forget(chunk);
    this.held.clear();
    void this.close(error, done);
  }

  private async close(error: Error | null, done: (error: Error | null) => void): Promise<void> {
    let failure = error;
    try {
      await this.file.close();
    } catch (unclosed) {
      failure = unclosed as Error;
    }
    done(failure);
  }

  private async send(to: NodeJS.WritableStream): Promise<void> {
    try {
      await this.copy(to);
      if (this.destroyed) return;
      to.end();
      this.push(null);
      this.resume();
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private async copy(to: NodeJS.WritableStream): Promise<void> {
    const { end } = this.part;
    let at = this.part.start;
    let sent: Promise<void> = Promise.resolve();
    while (at < end && !this.destroyed) {
      const chunk = this.obtain();
      const [bytes] = await Promise.all([this.fill(chunk, { start: at, end }), sent]);
      sent = written(to, bytes).then(() => this.giveBack(chunk));
      at += bytes.length;
      if (this.chunks.areScarce) await sent;
    }
    await sent;
  }

  private async fill(into: Buffer, { start, end }: Part): Promise<Uint8Array> {
    const length = Math.min(into.length, end - start);
    const { bytesRead } = await this.file.read(into, 0, length, start);
    // Less than was promised: the connection is cut, so that the client sees it.
    if (bytesRead === 0) throw new Error('The file of an artifact has become shorter');
    return into.subarray(0, bytesRead);
  }

  private obtain(): Buffer {
    const chunk = this.chunks.take();
    this.held.add(chunk);
    return chunk;
  }

  private giveBack(chunk: Buffer): void {
    if (this.held.delete(chunk)) this.chunks.giveBack(chunk);
  }
}
