/** What a command answers: one document for programs, a few lines for people, and how it ends. */
export interface Reply {
  readonly exit: number;
  /** Printed with `--json`. */
  readonly json: object;
  /** Printed without it. */
  readonly lines: readonly string[];
  /** For people, on standard error: what is not right and does not stop anything. */
  readonly warnings?: readonly string[];
}

/** Labels on the left, values on the right; what is null is left out. */
export function table(rows: readonly (readonly [label: string, value: string | null])[]): string[] {
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== null);
  const width = Math.max(...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `${label.padEnd(width)}  ${value}`);
}
