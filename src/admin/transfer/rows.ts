import type { LineFlaw } from '../../http/errors.js';

/** The longest row in bytes: several times what the largest one that passes every check takes. */
export const MAX_ROW_BYTES = 262_144;

/** A row as it was written: values by the names of their fields, not yet checked. Lines are counted from 1. */
export interface SentRow {
  readonly line: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A row, or what keeps one from being read. */
export type ReadRow = SentRow | LineFlaw;

export const isFlaw = (row: ReadRow): row is LineFlaw => 'message' in row;

export const flawAt = (line: number, message: string, field: string | null = null): LineFlaw => ({
  line,
  field,
  message,
});

export const tooLong = (line: number): LineFlaw =>
  flawAt(line, `The row is longer than ${MAX_ROW_BYTES} bytes.`);
