import { open, type FileHandle } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

const LOOK_EVERY_MS = 200;
const PIECE_BYTES = 64 * 1024;
/** A look ends at some time, even where somebody writes faster than it reads. */
const MOST_PIECES = 256;
const LONGEST_LINE = 8 * 1024;
const MOST_TOLD = 4 * 1024 * 1024;
const MOST_LOG_BYTES = 10 * 1024 * 1024;
/** What a line costs beside its characters, or empty ones would be told for ever. */
const LINE_COST = 64;

/**
 * Tells the lines of a file that somebody else is appending to, each up to 8 KiB and no more than a few MiB in all. The file
 * begins anew when it has grown to 10 MiB, so that no hook fills the disk.
 */
export class LogTail {
  readonly #path: string;
  readonly #onLine: (line: string) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #decoder = new StringDecoder('utf8');
  #at = 0;
  #begun = '';
  #isAfterReturn = false;
  #told = 0;
  #looking: Promise<void> = Promise.resolve();

  constructor(path: string, onLine: (line: string) => void) {
    this.#path = path;
    this.#onLine = onLine;
    this.#timer = setInterval(() => this.#lookSoon(), LOOK_EVERY_MS);
  }

  /** Tells what is left, also a last line without its end. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#lookSoon();
    await this.#looking;
    if (this.#begun !== '') this.#tellLine();
  }

  #lookSoon(): void {
    // One after the other, or two looks would read the same bytes. A log that cannot be read tells nothing.
    this.#looking = this.#looking.then(() => this.#look()).catch(() => undefined);
  }

  async #look(): Promise<void> {
    const handle = await open(this.#path, 'r+');
    try {
      const buffer = Buffer.alloc(PIECE_BYTES);
      for (let piece = 0; piece < MOST_PIECES; piece += 1) {
        const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, this.#at);
        if (bytesRead === 0) return;
        this.#at += bytesRead;
        if (this.#told < MOST_TOLD) this.#tell(this.#decoder.write(buffer.subarray(0, bytesRead)));
        if (this.#at >= MOST_LOG_BYTES) await this.#beginAnew(handle);
      }
    } finally {
      await handle.close();
    }
  }

  #tell(text: string): void {
    // A bar that is drawn anew by returns is a line each time; a return and a line feed are one end.
    const fresh = this.#isAfterReturn && text.startsWith('\n') ? text.slice(1) : text;
    if (text !== '') this.#isAfterReturn = text.endsWith('\r');
    const [first = '', ...others] = fresh.split(/\r\n|\n|\r/);
    this.#begin(first);
    for (const line of others) {
      this.#tellLine();
      this.#begin(line);
    }
  }

  #begin(text: string): void {
    const room = LONGEST_LINE - this.#begun.length;
    if (room > 0) this.#begun += text.slice(0, room);
  }

  #tellLine(): void {
    const line = this.#begun;
    this.#begun = '';
    if (this.#told >= MOST_TOLD) return;
    this.#told += line.length + LINE_COST;
    this.#onLine(line);
    if (this.#told >= MOST_TOLD) this.#onLine(`There is more than is told here; it is in ${this.#path}.`);
  }

  async #beginAnew(handle: FileHandle): Promise<void> {
    await handle.truncate(0);
    this.#at = 0;
  }
}
