import * as fc from 'fast-check';
import { localPath } from '../../src/domain/local-path.js';

describe('a local path', () => {
  it.each([
    ['/', '/'],
    ['/licenses', '/licenses'],
    ['/licenses?page=2#top', '/licenses?page=2#top'],
    ['/a%20b', '/a%20b'],
    ['/a b', '/a%20b'],
    ['/größe', '/gr%C3%B6%C3%9Fe'],
    ['/sale?off=100%25', '/sale?off=100%25'],
    ['/back?to=%2Fhome', '/back?to=%2Fhome'],
    ['/back?to=https://elsewhere.example', '/back?to=https://elsewhere.example'],
    ['/a/../b', '/b'],
    ['/@evil.example', '/@evil.example'],
  ])('%j is one', (path, expected) => expect(localPath(path)).toBe(expected));

  it.each([
    '',
    'licenses',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/a\\b',
    'https://evil.example/',
    'javascript:alert(1)',
    ' /licenses',
    '/%2Fevil.example',
    '/%2fevil.example',
    '/%5Cevil.example',
    '%2F%2Fevil.example',
    '/%252Fevil.example',
    '/%25252Fevil.example',
    '/%2525252Fevil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    '/\tevil',
    '/\t/evil.example',
    '/\n/evil.example',
    '/a\r\nSet-Cookie: x=y',
    '/a%0d%0aSet-Cookie: x=y',
    '/a%00',
    '/a\u0000',
    '/a\u007f',
    '/a\u0085',
    '/a\u2028',
    '/a%',
    '/a%zz',
    '/a%ff',
    '/a\ud800',
  ])('%j is none', (path) => expect(localPath(path)).toBeNull());

  it('never leads to another host, as a browser reads it', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '%2f',
      '%5c',
      '%25',
      '2f',
      '\t',
      '\n',
      '@',
      ':',
      'evil.example',
      '?',
      '#',
    );
    const leads = fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      const location = localPath(pieces.join(''));
      const base = 'https://licenses.example.com';
      return (
        location === null || (new URL(location, base).origin === base && /^[\x21-\x7e]+$/.test(location))
      );
    });
    expect(fc.check(leads, { numRuns: 5_000 }).counterexample).toBeNull();
  });
});
