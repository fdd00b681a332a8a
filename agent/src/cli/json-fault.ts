const BLANKS = /[ \t\r\n]*/y;
const TEXT = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y;

/** Reads JSON up to the first thing that is none. Node's own message tells the place of few faults, and repeats the text. */
class Reader {
  at = 0;

  constructor(private readonly text: string) {}

  /** Whether the whole text is one value. */
  isWhole(): boolean {
    return this.#value() && this.at === this.text.length;
  }

  #value(): boolean {
    this.#take(BLANKS);
    const isValue =
      this.#is('{') || this.#is('[')
        ? this.#list(this.#is('{') ? '}' : ']')
        : this.#take(TEXT) || this.#take(SCALAR);
    if (isValue) this.#take(BLANKS);
    return isValue;
  }

  #list(end: string): boolean {
    this.at += 1;
    this.#take(BLANKS);
    if (this.#skip(end)) return true;
    for (;;) {
      if (end === '}' && !this.#name()) return false;
      if (!this.#value()) return false;
      if (this.#skip(end)) return true;
      if (!this.#skip(',')) return false;
      this.#take(BLANKS);
    }
  }

  #name(): boolean {
    if (!this.#take(TEXT)) return false;
    this.#take(BLANKS);
    return this.#skip(':');
  }

  #is(character: string): boolean {
    return this.text[this.at] === character;
  }

  #skip(character: string): boolean {
    if (!this.#is(character)) return false;
    this.at += 1;
    return true;
  }

  #take(form: RegExp): boolean {
    form.lastIndex = this.at;
    const [found] = form.exec(this.text) ?? [];
    this.at += found?.length ?? 0;
    return found !== undefined;
  }
}

/** Where a text stops being JSON, `line 3, column 5`; null for JSON. */
export function jsonFault(text: string): string | null {
  const reader = new Reader(text);
  if (reader.isWhole()) return null;
  const lines = text.slice(0, reader.at).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}
