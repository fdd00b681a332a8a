import { conditionOf, rangeOf } from '../../src/downloads/conditions.js';

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

describe('ranges', () => {
  const file = { etag: ETAG, size: 10 };

  it.each([
    [{}, undefined],
    [{ range: 'bytes=0-4' }, 'bytes=0-4'],
    [{ range: 'bytes=-10' }, 'bytes=-10'],
    [{ range: 'bytes=-11' }, 'bytes=0-'],
    [{ range: 'bytes=-99999999999999999999' }, 'bytes=0-'],
    [{ range: 'bytes=0-4', 'if-range': ETAG }, 'bytes=0-4'],
    [{ range: 'bytes=0-4', 'if-range': 'W/"abc"' }, undefined],
    [{ range: 'bytes=0-4', 'if-range': '"x"' }, undefined],
    [{ range: 'bytes=0-4', 'if-range': 'Mon, 01 Mar 2027 12:00:00 GMT' }, undefined],
  ])('of %j is %s', (headers, range) => {
    expect(rangeOf('GET', headers, file)).toBe(range);
  });

  it('are for GET alone', () => {
    expect(rangeOf('HEAD', { range: 'bytes=0-4' }, file)).toBeUndefined();
  });
});
