import { isRecord } from '../../http/checks.js';
import { ApiError } from '../../http/errors.js';
import { parseJsonText } from '../../http/json-parser.js';
import { Unreadable } from './file-flaws.js';
import { flawAt, MAX_ROW_BYTES, tooLong, type ReadRow } from './rows.js';

const NEWLINE = 10;

interface Line {
  readonly line: number;
  readonly bytes: Buffer;
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let line = 1;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield { line, bytes: bytes.subarray(start, end) };
      [line, start] = [line + 1, end + 1];
    }
    rest = bytes.subarray(start);
    if (rest.length > MAX_ROW_BYTES) throw new Unreadable(tooLong(line));
  }
  yield { line, bytes: rest };
}

function rowOf(line: number, text: string): ReadRow {
  try {
    const values = parseJsonText(text);
    return isRecord(values) ? { line, values } : flawAt(line, 'The row must be a JSON object.');
  } catch (error) {
    if (error instanceof ApiError) return flawAt(line, `${error.publicMessage}.`);
    throw error;
  }
}

/** The rows of a file with a JSON object a line; lines of nothing but blanks are none. @throws Unreadable */
export async function* ndjsonRows(chunks: AsyncIterable<Buffer>): AsyncGenerator<ReadRow> {
  for await (const { line, bytes } of linesOf(chunks)) {
    if (bytes.length > MAX_ROW_BYTES) throw new Unreadable(tooLong(line));
    const text = bytes.toString('utf8').trim();
    if (text !== '') yield rowOf(line, text);
  }
}
