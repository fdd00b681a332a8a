import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

const LOOK_EVERY_MS = 200;
const PIECE_BYTES = 64 * 1024;

/** Tells the lines of a file that somebody else is writing. */
export class LogTail {
  readonly #path: string;
  readonly #onLine: (line: string) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #decoder = new StringDecoder('utf8');
  #at = 0;
  #begun = '';
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
    if (this.#begun !== '') this.#onLine(this.#begun);
  }

  #lookSoon(): void {
    // One after the other, or two looks would read the same bytes. A log that cannot be read tells nothing.
    this.#looking = this.#looking.then(() => this.#look()).catch(() => undefined);
  }

  async #look(): Promise<void> {
    const handle = await open(this.#path, 'r');
    try {
      const buffer = Buffer.alloc(PIECE_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, this.#at);
        if (bytesRead === 0) return;
        this.#at += bytesRead;
        this.#tell(this.#decoder.write(buffer.subarray(0, bytesRead)));
      }
    } finally {
      await handle.close();
    }
  }

  #tell(text: string): void {
    const lines = (this.#begun + text).split(/\r?\n/);
    this.#begun = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line);
  }
}
