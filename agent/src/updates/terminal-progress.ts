import type { SingleBar } from 'cli-progress';
import type { Clock } from '../clock.js';
import { plainText } from '../plain-text.js';
import type { Progress } from './progress.js';

/** A stream that may be a terminal, standard error for instance. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

const LINE_EVERY_MS = 5_000;
const LINE_EVERY_PERCENT = 10;

const megabytes = (bytes: number) => (bytes / 1_000_000).toFixed(1);

const percentOf = (received: number, size: number) => (size === 0 ? 100 : (received / size) * 100);

/** Plain lines for a log: one for each tenth of the file, or after five seconds when that takes longer. */
class Lines implements Progress {
  #file = { filename: '', size: 0 };
  #told = { at: 0, percent: 0 };

  constructor(
    private readonly stream: ProgressStream,
    private readonly clock: Clock,
  ) {}

  begin({ filename, size, received }: Parameters<Progress['begin']>[0]): void {
    this.#file = { filename, size };
    this.#tell(received);
  }

  received(bytes: number): void {
    const percent = percentOf(bytes, this.#file.size);
    const isFurther = Math.abs(percent - this.#told.percent) >= LINE_EVERY_PERCENT;
    const isLater = this.clock.now().getTime() - this.#told.at >= LINE_EVERY_MS;
    if (isFurther || isLater) this.#tell(bytes);
  }

  end(): void {
    // The next sentence says how it went.
  }

  say(sentence: string): void {
    this.stream.write(`${plainText(sentence)}\n`);
  }

  #tell(received: number): void {
    const { filename, size } = this.#file;
    const percent = percentOf(received, size);
    this.#told = { at: this.clock.now().getTime(), percent };
    this.say(`${filename}: ${megabytes(received)} of ${megabytes(size)} MB (${Math.floor(percent)} %)`);
  }
}

const CLEAR_LINE = '\r\u001b[K';

/** A bar for whoever looks on. */
class Bar implements Progress {
  #bar: SingleBar | null = null;

  constructor(
    private readonly stream: ProgressStream,
    private readonly create: () => SingleBar,
  ) {}

  begin({ filename, size, received }: Parameters<Progress['begin']>[0]): void {
    this.end();
    this.#bar = this.create();
    const payload = { filename: plainText(filename), megabytes: megabytes(received), of: megabytes(size) };
    this.#bar.start(size, received, payload);
  }

  received(bytes: number): void {
    this.#bar?.update(bytes, { megabytes: megabytes(bytes) });
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = null;
  }

  say(sentence: string): void {
    // The bar draws itself again below.
    this.stream.write(`${this.#bar === null ? '' : CLEAR_LINE}${plainText(sentence)}\n`);
  }
}

/** A bar where the stream is a terminal, plain lines otherwise. */
export async function progressOn(stream: ProgressStream, clock: Clock): Promise<Progress> {
  if (!stream.isTTY) return new Lines(stream, clock);
  const { default: cliProgress } = await import('cli-progress');
  const format = '{filename} [{bar}] {percentage} % | {megabytes} of {of} MB | {eta_formatted} left';
  return new Bar(
    stream,
    () =>
      new cliProgress.SingleBar({ stream, format, gracefulExit: false }, cliProgress.Presets.shades_classic),
  );
}
