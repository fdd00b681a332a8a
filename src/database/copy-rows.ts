import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** What a column can be given; an object is for JSON. */
export type CopyValue = string | number | Date | Buffer | object | null;

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

const escaped = (text: string): string =>
  text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? '');

function cellOf(value: CopyValue): string {
  if (value === null) return '\\N';
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`;
  return escaped(JSON.stringify(value));
}

/** So much is written at a time: a row alone would be a message of its own. */
const CHUNK_CHARACTERS = 65_536;

async function* linesOf(rows: AsyncIterable<readonly CopyValue[]>): AsyncGenerator<string> {
  let lines = '';
  for await (const row of rows) {
    lines += `${row.map(cellOf).join('\t')}\n`;
    if (lines.length < CHUNK_CHARACTERS) continue;
    yield lines;
    lines = '';
  }
  if (lines !== '') yield lines;
}

/** Fills a table row by row, no faster than the database takes them; `target` is `table (column, …)`. */
export async function copyRows(
  client: PoolClient,
  target: string,
  rows: AsyncIterable<readonly CopyValue[]>,
): Promise<void> {
  await pipeline(linesOf(rows) as unknown as Readable, client.query(copyFrom(`copy ${target} from stdin`)));
}
