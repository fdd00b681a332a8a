import type { TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Parser, type CsvError } from 'csv-parse';
import { unescapeFormula } from '../../domain/formula-escape.js';
import type { FieldSpec } from '../../http/dto-field.js';
import type { LineFlaw } from '../../http/errors.js';
import { parseJsonText } from '../../http/json-parser.js';
import { sentence } from '../../http/sentences.js';
import { Unreadable } from './file-flaws.js';
import { flawAt, MAX_ROW_BYTES, tooLong, type ReadRow } from './rows.js';

/** What the columns of a file stand for. */
export interface Columns {
  readonly fields: ReadonlyMap<string, FieldSpec>;
  /** The fields whose cells hold JSON. */
  readonly json: ReadonlySet<string>;
}

interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

const MAX_ECHOED_LENGTH = 64;

/** More columns than this no file means. */
const MOST_HEADER_FLAWS = 100;

const count = (cells: readonly string[], pattern: RegExp): number =>
  cells.reduce((sum, cell) => sum + (cell.match(pattern)?.length ?? 0), 0);

function flawOf(error: CsvError, line: number): LineFlaw {
  if (error.code === 'CSV_MAX_RECORD_SIZE') return tooLong(line);
  return flawAt(
    line,
    error.code === 'CSV_QUOTE_NOT_CLOSED' ? 'A quote is not closed.' : 'A quote is out of place.',
  );
}

/** Where a record ends, in the parser's count. */
interface Place {
  readonly lines: number;
  readonly empty_lines: number;
}

type Parsed =
  | { readonly record: string[]; readonly info: Place }
  | { readonly error: CsvError & Partial<Pick<Place, 'empty_lines'>> };

/** What is wrong comes behind the records before it, which a stream that fails would throw away. */
class RecordParser extends Parser {
  override _transform(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
    super._transform(chunk, encoding, (error) => this.tell(error, done));
  }

  override _flush(done: TransformCallback): void {
    super._flush((error) => this.tell(error, done));
  }

  private tell(error: Error | null | undefined, done: TransformCallback): void {
    if (error) this.push({ error });
    done();
  }
}

/** The records with the lines they begin on. @throws Unreadable */
async function* recordsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<CsvRecord> {
  const parser = new RecordParser({
    info: true,
    // Told by row: the parser would give up at the first.
    relax_column_count: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_empty_lines: true,
    max_record_size: MAX_ROW_BYTES,
  });
  // Whatever it fails with reaches the reader below through the parser.
  pipeline(chunks, parser).catch(() => undefined);
  let [lastLine, blankLines, surplus] = [0, 0, 0];
  for await (const parsed of parser as AsyncIterable<Parsed>) {
    if ('error' in parsed) {
      const { error } = parsed;
      throw new Unreadable(flawOf(error, lastLine + 1 + (error.empty_lines ?? blankLines) - blankLines));
    }
    const { record: cells, info } = parsed;
    // The parser counts the break within a quoted cell twice where it is CR LF.
    const isLong = info.lines - surplus > lastLine + 1;
    if (isLong) surplus += count(cells, /\r\n/g);
    [lastLine, blankLines] = [info.lines - surplus, info.empty_lines];
    yield { line: lastLine - (isLong ? count(cells, /\r\n|\n|\r/g) : 0), cells };
  }
}

/** Other separators than the one that is meant: then the header is one cell with all names. */
const OTHER_SEPARATOR = /[;\t|]/;

function nameFlaw(
  name: string,
  index: number,
  names: readonly string[],
  { fields }: Columns,
): LineFlaw['message'] | null {
  if (name === '') return 'The name of a column is empty.';
  if (names.indexOf(name) < index) return `The ${name.replaceAll('_', ' ')} field is given twice.`;
  return fields.has(name) ? null : sentence('prohibited', name);
}

/** @throws Unreadable for all that is wrong with it */
function readHeader({ line, cells }: CsvRecord, columns: Columns): string[] {
  const [first = '', ...others] = cells;
  if (others.length === 0 && OTHER_SEPARATOR.test(first))
    throw new Unreadable(flawAt(line, 'The fields must be separated by commas.'));
  const names = cells.map((cell) => cell.trim());
  const told = names.map((name) => name.slice(0, MAX_ECHOED_LENGTH));
  const wrong = told.flatMap((name, index) => {
    const message = nameFlaw(name, index, told, columns);
    return message === null ? [] : [flawAt(line, message, name || null)];
  });
  const missing = [...columns.fields]
    .filter(([name, { required }]) => required && !names.includes(name))
    .map(([name]) => flawAt(line, sentence('required', name), name));
  const flaws = [...wrong, ...missing];
  if (flaws.length > 0) throw new Unreadable(...flaws.slice(0, MOST_HEADER_FLAWS));
  return names;
}

/** What is no JSON stays text, which the field's own check then refuses in its own words. */
function jsonOr(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return text;
  }
}

function valueOf(name: string, cell: string, { fields, json }: Columns): unknown {
  const text = unescapeFormula(cell);
  if (text === '') return text;
  return json.has(name) ? jsonOr(text) : (fields.get(name)?.fromText?.(text) ?? text);
}

/**
 * The rows of a CSV file, whose header names the fields. An empty cell is an explicit "nothing", as '' is in a body.
 * @throws Unreadable
 */
export async function* csvRows(chunks: AsyncIterable<Buffer>, columns: Columns): AsyncGenerator<ReadRow> {
  let names: string[] | null = null;
  for await (const record of recordsOf(chunks)) {
    const { line, cells } = record;
    if (names === null) names = readHeader(record, columns);
    else if (cells.length !== names.length)
      yield flawAt(line, `The row has ${cells.length} fields, the header ${names.length}.`);
    else
      yield {
        line,
        values: Object.fromEntries(names.map((name, i) => [name, valueOf(name, cells[i] ?? '', columns)])),
      };
  }
}
