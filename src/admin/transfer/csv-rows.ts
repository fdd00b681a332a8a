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
    // oxlint-disable-next-line no-underscore-dangle -- Node named it
    super._transform(chunk, encoding, (error) => this.tell(error, done));
  }

  override _flush(done: TransformCallback): void {
    // oxlint-disable-next-line no-underscore-dangle -- Node named it
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

/** @throws Unreadable for the first thing that is wrong with it */
function readHeader({ line, cells }: CsvRecord, { fields }: Columns): string[] {
  const names = cells.map((cell) => cell.trim());
  const refuse = (name: string, message: string) => {
    throw new Unreadable(flawAt(line, message, name));
  };
  for (const [index, name] of names.entries()) {
    const echoed = name.slice(0, MAX_ECHOED_LENGTH);
    if (!fields.has(name)) refuse(echoed, sentence('prohibited', echoed));
    if (names.indexOf(name) < index) refuse(name, `The ${name.replaceAll('_', ' ')} field is given twice.`);
  }
  for (const [name, { required }] of fields) {
    if (required && !names.includes(name)) refuse(name, sentence('required', name));
  }
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
  if (names === null) throw new Unreadable(flawAt(1, 'The header is missing.'));
}
