import { conditionOf, partOf } from '../../src/downloads/conditions.js';

const ETAG = '"abc"';

describe('conditions', () => {
  it.each([
    [{}, 'fresh'],
    [{ 'if-match': '*' }, 'fresh'],
    [{ 'if-match': '"abc"' }, 'fresh'],
    [{ 'if-match': '"x", "abc"' }, 'fresh'],
    [{ 'if-match': 'W/"abc"' }, 'failed'],
    [{ 'if-match': '"x"' }, 'failed'],
    [{ 'if-match': 'abc' }, 'failed'],
    [{ 'if-none-match': '*' }, 'not modified'],
    [{ 'if-none-match': '"abc"' }, 'not modified'],
    [{ 'if-none-match': 'W/"abc"' }, 'not modified'],
    [{ 'if-none-match': '"x","abc"' }, 'not modified'],
    [{ 'if-none-match': '"abcd"' }, 'fresh'],
    [{ 'if-match': '"x"', 'if-none-match': '"abc"' }, 'failed'],
    // There is no date to compare with: RFC 9110 has such conditions ignored.
    [{ 'if-modified-since': 'Mon, 01 Mar 2027 12:00:00 GMT' }, 'fresh'],
    [{ 'if-unmodified-since': 'Mon, 01 Mar 2007 12:00:00 GMT' }, 'fresh'],
  ])('%j are %s', (headers, condition) => {
    expect(conditionOf(headers, ETAG)).toBe(condition);
  });
});

const bytes = (start: number, end: number) => ({ start, end });

describe('ranges', () => {
  const file = { etag: ETAG, size: 10 };

  it.each([
    [{}, null],
    [{ range: 'bytes=0-4' }, bytes(0, 5)],
    [{ range: 'bytes=9-9' }, bytes(9, 10)],
    [{ range: 'Bytes= 3-' }, bytes(3, 10)],
    [{ range: 'bytes=4-99999999999999999999' }, bytes(4, 10)],
    [{ range: 'bytes=-3' }, bytes(7, 10)],
    [{ range: 'bytes=-10' }, bytes(0, 10)],
    [{ range: 'bytes=-11' }, bytes(0, 10)],
    [{ range: 'bytes=-99999999999999999999' }, bytes(0, 10)],
    [{ range: 'bytes=10-' }, 'unsatisfiable'],
    [{ range: 'bytes=-0' }, 'unsatisfiable'],
    [{ range: 'bytes=5-4' }, 'unsatisfiable'],
    // RFC 9110, 14.2: what can't be read, or is more than we answer, is as if it had not been asked for.
    [{ range: 'bytes=0-1,3-4' }, null],
    [{ range: 'bytes=-' }, null],
    [{ range: 'bytes=a-b' }, null],
    [{ range: 'lines=0-4' }, null],
    [{ range: 'bytes=0-4', 'if-range': ETAG }, bytes(0, 5)],
    [{ range: 'bytes=0-4', 'if-range': 'W/"abc"' }, null],
    [{ range: 'bytes=0-4', 'if-range': '"x"' }, null],
    [{ range: 'bytes=0-4', 'if-range': 'Mon, 01 Mar 2027 12:00:00 GMT' }, null],
  ])('of %j are %j', (headers, part) => {
    expect(partOf('GET', headers, file)).toEqual(part);
  });

  it('are for GET alone', () => {
    expect(partOf('HEAD', { range: 'bytes=0-4' }, file)).toBeNull();
  });
});
