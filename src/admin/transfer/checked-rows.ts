import type { FieldSpec } from '../../http/dto-field.js';
import { fieldsOf, type Dto } from '../../http/dto-field.js';
import { readDto } from '../../http/dto-reader.js';
import { FieldErrors, type LineFlaw } from '../../http/errors.js';
import { csvRows } from './csv-rows.js';
import { Unreadable, type FileFlaws } from './file-flaws.js';
import type { FileFormat } from './file-format.js';
import { ndjsonRows } from './ndjson-rows.js';
import { withPauses } from './pauses.js';
import { flawAt, isFlaw, type ReadRow, type SentRow } from './rows.js';

/** What a file is made of, and what becomes of each of its rows. */
export interface RowKind<Sent extends object, Staged> {
  readonly dto: Dto<Sent>;
  /** The fields whose cells hold JSON in a CSV file. */
  readonly json: ReadonlySet<string>;
  /** @throws FieldErrors */
  readonly stage: (sent: Sent, line: number) => Staged;
}

/** How many rows there were, the bad ones included. */
export interface RowCount {
  rows: number;
}

const flawsOf = (line: number, error: FieldErrors): LineFlaw[] =>
  Object.entries(error.details).flatMap(([field, messages]) =>
    [messages].flat().map((message) => flawAt(line, message, field)),
  );

function rowsOf(
  format: FileFormat,
  chunks: AsyncIterable<Buffer>,
  columns: { readonly fields: ReadonlyMap<string, FieldSpec>; readonly json: ReadonlySet<string> },
): AsyncIterable<ReadRow> {
  return format === 'csv' ? csvRows(chunks, columns) : ndjsonRows(chunks);
}

/**
 * The rows of a file that pass every check which needs no database. The others are told in `flaws`; so is what keeps the
 * rest of the file from being read, at which the rows end.
 */
export async function* checkedRows<Sent extends object, Staged>(
  { dto, json, stage }: RowKind<Sent, Staged>,
  { format, chunks }: { readonly format: FileFormat; readonly chunks: AsyncIterable<Buffer> },
  flaws: FileFlaws,
  count: RowCount,
): AsyncGenerator<Staged> {
  const check = ({ line, values }: SentRow): Staged | null => {
    try {
      return stage(readDto(dto, values, 'body'), line);
    } catch (error) {
      if (!(error instanceof FieldErrors)) throw error;
      flaws.add(flawsOf(line, error));
      return null;
    }
  };
  try {
    for await (const row of withPauses(rowsOf(format, chunks, { fields: fieldsOf(dto), json }))) {
      count.rows++;
      if (isFlaw(row)) flaws.add([row]);
      const staged = isFlaw(row) ? null : check(row);
      if (staged !== null) yield staged;
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    flaws.add(error.flaws);
    return;
  }
  if (count.rows === 0) flaws.add([flawAt(1, 'The file has no rows.')]);
}
