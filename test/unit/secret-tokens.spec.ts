import { bearerOf, generateSecret, keyPrefixOf, kindOf } from '../../src/access/secret-tokens.js';

const HEX = '0123456789abcdef'.repeat(3);

describe('a secret token', () => {
  it('says by its form what it is', () => {
    expect(kindOf(generateSecret('apiKey'))).toBe('apiKey');
    expect(kindOf(generateSecret('session'))).toBe('session');
    expect(keyPrefixOf(`mk_${HEX}`)).toBe('mk_01234567');
  });

  it.each([
    '',
    'mk_',
    HEX,
    `mk_${HEX}0`,
    `mk_${HEX.toUpperCase()}`,
    `mk_${HEX}\n`,
    ` mk_${HEX}`,
    `xx_${HEX}`,
    'a'.repeat(10_000),
  ])("is not recognised in '%.20s'", (text) => expect(kindOf(text)).toBeNull());
});

describe('a bearer credential', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER   abc', ' Bearer abc '])("is read from '%s'", (header) =>
    expect(bearerOf(header)).toBe('abc'),
  );

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer abc def', 'Bearerabc'])(
    "is not read from '%s'",
    (header) => expect(bearerOf(header)).toBeNull(),
  );
});
