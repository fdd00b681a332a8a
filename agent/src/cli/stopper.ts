import { constants } from 'node:os';
import { complain } from './terminal.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type Signal = (typeof SIGNALS)[number];

const exitOf = (signal: Signal): number => 128 + constants.signals[signal];

/**
 * Turns SIGINT and SIGTERM into an orderly end. Files are only ever replaced as a whole, so a command that is ended where
 * it is leaves nothing half done; one that has more to put away is told, and ended when told twice.
 */
export class Stopper {
  readonly #controller = new AbortController();
  readonly #handlers = SIGNALS.map((signal) => [signal, () => this.#stop(signal)] as const);
  readonly #stopsItself: boolean;
  readonly #json: boolean;
  #exit: number | null = null;

  constructor(stopsItself: boolean, json: boolean) {
    this.#stopsItself = stopsItself;
    this.#json = json;
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code of the signal that came, or null. */
  get exit(): number | null {
    return this.#exit;
  }

  end(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
  }

  #stop(signal: Signal): void {
    const isFirst = this.#exit === null;
    const exit = exitOf(signal);
    this.#exit ??= exit;
    if (this.#stopsItself && isFirst) {
      this.#controller.abort();
      return;
    }
    void complain({ code: 'INTERRUPTED', message: `Stopped by ${signal}.` }, this.#json).then(() =>
      process.exit(exit),
    );
  }
}
