import type { FileReport, LineFlaw } from '../../http/errors.js';

/** Reading can't go on: what follows could not be told apart any more. */
export class Unreadable extends Error {
  readonly flaws: readonly LineFlaw[];

  constructor(...flaws: readonly LineFlaw[]) {
    super(flaws.map(({ message }) => message).join(' '));
    this.flaws = flaws;
  }
}

const MOST_TOLD = 1_000;

const byPlace = (a: LineFlaw, b: LineFlaw): number => a.line - b.line;

/** What is wrong with a file. All of it is counted and the first thousand are told, however bad it is. */
export class FileFlaws {
  #total = 0;
  #told: LineFlaw[] = [];

  get total(): number {
    return this.#total;
  }

  /** In the order of lines among themselves; `total` where there are more than are told. */
  add(flaws: readonly LineFlaw[], total = flaws.length): void {
    this.#total += total;
    if (this.#told.length < MOST_TOLD) this.#told.push(...flaws.slice(0, MOST_TOLD - this.#told.length));
  }

  /** Adds what only the database knows: its first thousand may lie before what was told so far. */
  merge(flaws: readonly LineFlaw[], total: number): void {
    this.#total += total;
    this.#told = [...this.#told, ...flaws].toSorted(byPlace).slice(0, MOST_TOLD);
  }

  report(facts: Pick<FileReport, 'rows' | 'imported' | 'dry_run'>): FileReport {
    return { ...facts, errors_total: this.#total, errors: this.#told };
  }
}
