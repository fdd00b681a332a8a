import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import {
  checksumVerdict,
  generateLicenseKey,
  isKeyPrefix,
  maskLicenseKey,
  normalizeLicenseKey,
} from '../../src/domain/license-key.js';

const ALPHABET = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'];
const KNOWN: ReadonlySet<string> = new Set(['MOOR', 'OIL', 'A']);
const ZEROS = generateLicenseKey('MOOR', new Uint8Array(10));

const prefixes = fc.constantFrom(...KNOWN);
const randoms = fc.uint8Array({ minLength: 10, maxLength: 10 });
const keys = fc.tuple(prefixes, randoms).map(([prefix, random]) => generateLicenseKey(prefix, random));

const verdictOf = (input: string) => checksumVerdict(normalizeLicenseKey(input), KNOWN);

/** Where the n-th of the 20 characters stands in a key. */
const positionOf = (key: string, n: number) => key.indexOf('-') + 1 + n + Math.floor(n / 4);
const put = (key: string, at: number, character: string) => key.slice(0, at) + character + key.slice(at + 1);

describe('a generated key', () => {
  it('is the prefix and five groups of four', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(key).toMatch(/^[A-Z][A-Z0-9]{0,15}(-[0-9A-HJKMNP-TV-Z]{4}){5}$/);
      }),
      { seed: 1 },
    );
  });

  it('spells its random bits from the first to the last, then 20 bits of SHA-256', () => {
    const digest = createHash('sha256').update('MOOR-0000000000000000').digest();
    const bits = digest.readUInt32BE(0) >>> 12;
    const sum = [15, 10, 5, 0].map((shift) => ALPHABET[(bits >>> shift) & 31]).join('');
    expect(ZEROS).toBe(`MOOR-0000-0000-0000-0000-${sum}`);
    const counting = Uint8Array.from([0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf]);
    expect(generateLicenseKey('A', counting)).toMatch(/^A-0123-4567-89AB-CDEF-/);
  });

  it('is its own normal form and passes the checksum', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(normalizeLicenseKey(key)).toBe(key);
        expect(checksumVerdict(key, KNOWN)).toBe('valid');
      }),
      { seed: 2 },
    );
  });

  it.each([
    ['', 10],
    ['1A', 10],
    ['moor', 10],
    ['AB-C', 10],
    ['A'.repeat(17), 10],
    ['MOOR', 9],
    ['MOOR', 11],
  ])('is not made of the prefix %j and %i bytes', (prefix, bytes) => {
    expect(() => generateLicenseKey(prefix, new Uint8Array(bytes))).toThrow(RangeError);
  });
});

describe('a key prefix', () => {
  it.each([
    ['A', true],
    ['A1', true],
    ['ABCDEFGHIJKLMNOP', true],
    ['ABCDEFGHIJKLMNOPQ', false],
    ['1A', false],
    ['', false],
    ['Ä', false],
    ['A\n', false],
  ])('%j: %s', (prefix, expected) => {
    expect(isKeyPrefix(prefix)).toBe(expected);
  });
});

describe('normalizing', () => {
  it.each([
    ['trims and upper-cases', ' \tmoor-abcd-efgh-jkmn-pqrs-tvwx\n', 'MOOR-ABCD-EFGH-JKMN-PQRS-TVWX'],
    ['reads O as 0, I and L as 1', 'MOOR-OOOO-IIII-LLLL-oili-0110', 'MOOR-0000-1111-1111-0111-0110'],
    ['leaves the prefix alone', 'OIL-O000-0000-0000-0000-000L', 'OIL-0000-0000-0000-0000-0001'],
    [
      'leaves a key with a group too many alone',
      'OIL-OIL0-OIL0-OIL0-OIL0-OIL0-OIL0',
      'OIL-OIL0-OIL0-OIL0-OIL0-OIL0-OIL0',
    ],
    ['leaves a key with a U alone', 'moor-OOOO-uuuu-0000-0000-0000', 'MOOR-OOOO-UUUU-0000-0000-0000'],
    ['adds no hyphens', 'moorOOOOIIIILLLL00000000', 'MOOROOOOIIIILLLL00000000'],
    ['keeps the form of an imported key', 'lic_oil/01ä', 'LIC_OIL/01Ä'],
    ['leaves nothing of blanks', ' \u00a0 ', ''],
  ])('%s', (_what, input, expected) => {
    expect(normalizeLicenseKey(input)).toBe(expected);
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), keys), (input) => {
        const once = normalizeLicenseKey(input);
        expect(normalizeLicenseKey(once)).toBe(once);
      }),
      { seed: 3, numRuns: 1_000 },
    );
  });
});

describe('the checksum', () => {
  it.each([
    ['a good key', ZEROS, 'valid'],
    ['a good key typed with O for 0', ZEROS.replaceAll('-0000', '-oOoO'), 'valid'],
    ['the same characters under another known prefix', ZEROS.replace('MOOR', 'OIL'), 'invalid'],
    ['the same characters under an unknown prefix', ZEROS.replace('MOOR', 'ELSE'), 'foreign'],
    ['a known prefix with a group missing', ZEROS.slice(0, -5), 'foreign'],
    ['a known prefix with a form of its own', 'MOOR-2019-CUSTOMER-77', 'foreign'],
    ['a known prefix with a U', put(ZEROS, 5, 'U'), 'foreign'],
    ['hyphens left out', ZEROS.replaceAll('-', ''), 'foreign'],
    ['a look-alike in the prefix', ZEROS.replace('O', '0'), 'foreign'],
    ['the prefix alone', 'MOOR', 'foreign'],
    ['the empty string', '', 'foreign'],
  ])('of %s', (_what, input, expected) => {
    expect(verdictOf(input)).toBe(expected);
  });

  // One typo in a million passes a 20-bit checksum by chance; the seed keeps these examples clear of it.
  it('refuses any one character replaced', () => {
    fc.assert(
      fc.property(keys, fc.nat(19), fc.constantFrom(...ALPHABET), (key, n, character) => {
        const at = positionOf(key, n);
        fc.pre(key[at] !== character);
        expect(verdictOf(put(key, at, character))).toBe('invalid');
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });

  it('refuses any two neighbours swapped', () => {
    fc.assert(
      fc.property(keys, fc.nat(18), (key, n) => {
        const [here, there] = [positionOf(key, n), positionOf(key, n + 1)];
        fc.pre(key[here] !== key[there]);
        const swapped = put(put(key, here, key.charAt(there)), there, key.charAt(here));
        expect(verdictOf(swapped)).toBe('invalid');
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });
});

describe('the mask', () => {
  it.each([
    ['ABCD-1111-2222-3333-4444-WXYZ', 'ABCD-****-WXYZ'],
    ['LONGPREFIX123456-1111-2222-3333-4444-WXYZ', 'LONGPREFIX123456-****-WXYZ'],
    ['LIC_0123456789', 'LIC-****-789'],
    ['0123456789ABCDEFGHUJ', '0123-****-GHUJ'],
    ['ABCDEFGH', 'AB-****-GH'],
    ['ABCD', 'A-****-D'],
    ['ABC', '****'],
    ['', '****'],
    ['😀😀😀😀', '😀-****-😀'],
  ])('of %s is %s', (key, expected) => {
    expect(maskLicenseKey(normalizeLicenseKey(key))).toBe(expected);
  });

  it('of any other key shows at most four characters at either end, and no more than half', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (input) => {
        const key = normalizeLicenseKey(input);
        const [head = '', tail = ''] = maskLicenseKey(key).split('-****-');
        const shown = head === '****' ? [0, 0] : [[...head].length, [...tail].length];
        expect(Math.max(...shown)).toBeLessThanOrEqual(4);
        expect(shown[0]! + shown[1]!).toBeLessThanOrEqual([...key].length / 2);
      }),
      { seed: 6, numRuns: 1_000 },
    );
  });
});
