import { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Bounded } from '../access/bounded.js';
import { onHangUp } from '../http/hang-ups.js';
import type { Chunks } from './chunks.js';
import type { Part } from './conditions.js';
import type { OpenFile } from './open-files.js';

/**
 * Of all bodies together: as many as Node has threads for it. Whoever waits for its turn holds no buffer, and by then those
 * of others are free again.
 */
const reads = new Bounded({ running: 4, waiting: Infinity });

/** Resolves when the kernel has the bytes, as the answer of an HTTP server knows: their memory may be used again. */
const written = (to: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    to.write(bytes, (error) => (error ? reject(error) : resolve()));
  });

/**
 * A part of a file as the body of an answer; releases the file when it has ended, or when the client leaves. Node's own
 * stream allocates a buffer for every read, since whoever listens to it may keep them. This one writes to the answer by
 * itself, and so knows when a buffer is free again. While one is sent the next is read.
 */
export class FileBody extends Readable {
  private readonly held = new Set<Buffer>();
  private isUnreadable = false;

  constructor(
    private readonly file: Pick<OpenFile, 'handle' | 'release'>,
    private readonly part: Part,
    private readonly chunks: Chunks,
  ) {
    super();
  }

  override pipe<T extends NodeJS.WritableStream>(to: T): T {
    const isOver = to instanceof ServerResponse ? onHangUp(to.req.socket, () => this.destroy()) : null;
    if (isOver !== null) this.once('close', isOver);
    void this.send(to);
    return to;
  }

  /** Nothing is read from it by anyone else: see `pipe`. */
  override _read(): void {}

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    for (const chunk of this.held) this.chunks.forget(chunk);
    this.held.clear();
    this.file.release(this.isUnreadable);
    done(error);
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
      const [read] = await Promise.all([reads.run(() => this.fill(at, end)), sent]);
      if (read === null) return;
      const { chunk, length } = read;
      sent = written(to, chunk.subarray(0, length)).then(() => this.giveBack(chunk));
      at += length;
      if (this.chunks.areScarce) await sent;
    }
    await sent;
  }

  /** Null when nobody waits for it any more. */
  private async fill(start: number, end: number): Promise<{ chunk: Buffer; length: number } | null> {
    if (this.destroyed) return null;
    const chunk = this.obtain();
    try {
      const { bytesRead } = await this.file.handle.read(chunk, 0, Math.min(chunk.length, end - start), start);
      // Less than was promised: the connection is cut, so that the client sees it.
      if (bytesRead === 0) throw new Error('The file of an artifact has become shorter');
      return { chunk, length: bytesRead };
    } catch (error) {
      // Of the file, and not of this client: nobody else is to be given the same handle.
      this.isUnreadable = true;
      throw error;
    }
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
