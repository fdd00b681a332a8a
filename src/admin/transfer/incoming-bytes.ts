import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { invalidRequest } from '../../http/errors.js';
import { isCutOff } from '../../http/streamed-body.js';
import { Unreadable } from './file-flaws.js';

const NEWLINE = 10;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

function newlinesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

/** How many lines begin before the one that is not UTF-8. */
function linesBeforeFlaw(bytes: Buffer): number {
  let [lines, start] = [0, 0];
  for (;;) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return lines;
    [lines, start] = [lines + 1, end + 1];
  }
}

/** How long a sequence is that begins with this byte. */
const sequenceLength = (lead: number): number => {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
};

/** The length without a character whose rest is yet to come. */
function wholeLength(bytes: Buffer): number {
  const { length } = bytes;
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = bytes[length - back] ?? 0;
    if ((byte & 0xc0) !== 0x80) return sequenceLength(byte) > back ? length - back : length;
  }
  return length;
}

function refuseUtf16(bytes: Buffer): void {
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff')
    throw new Unreadable({ line: 1, field: null, message: 'The file must be UTF-8, not UTF-16.' });
}

/** A file on its way in: counted, hashed and checked to be UTF-8 as it passes by. */
export class IncomingBytes {
  #size = 0;
  #lines = 1;
  readonly #hash = createHash('sha256');

  constructor(
    private readonly source: AsyncIterable<Buffer>,
    private readonly maxBytes: number,
  ) {}

  /** Hexadecimal; ask once, at the end. */
  sha256(): string {
    return this.#hash.digest('hex');
  }

  /**
   * The bytes without a byte order mark, cut between characters only.
   * @throws ApiError 413, 400 for a sender that leaves; Unreadable for another encoding
   */
  async *text(): AsyncGenerator<Buffer> {
    let rest: Buffer = Buffer.alloc(0);
    let isStart = true;
    for await (const chunk of this.measured()) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      if (isStart && bytes.length < BOM.length) {
        rest = bytes;
        continue;
      }
      if (isStart) refuseUtf16(bytes);
      const from = isStart && bytes.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
      isStart = false;
      const end = wholeLength(bytes);
      rest = bytes.subarray(end);
      yield this.checked(bytes.subarray(from, end));
    }
    refuseUtf16(rest);
    if (rest.length > 0) yield this.checked(rest);
  }

  private async *measured(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.source) {
        this.#size += chunk.length;
        if (this.#size > this.maxBytes) throw invalidRequest('Request body is too large', 413);
        this.#hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      throw isCutOff(error) ? invalidRequest('The upload broke off') : error;
    }
  }

  private checked(bytes: Buffer): Buffer {
    if (!isUtf8(bytes)) {
      const line = this.#lines + linesBeforeFlaw(bytes);
      throw new Unreadable({ line, field: null, message: 'The line is not valid UTF-8.' });
    }
    this.#lines += newlinesIn(bytes);
    return bytes;
  }
}
