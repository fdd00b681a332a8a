import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import {
  checksumVerdict,
  generateLicenseKey,
  maskLicenseKey,
  normalizeLicenseKey,
} from '../../../src/domain/license-key.js';
import { judgeKey, maskKey, normalKey } from '../../src/domain/license-key.js';

const key = (prefix = 'PANEL') => generateLicenseKey(prefix, randomBytes(10));

/** One character changed to another of the alphabet, in the last four groups. */
const mistyped = (right: string) => {
  const at = right.length - 7;
  return right.slice(0, at) + (right[at] === '7' ? '8' : '7') + right.slice(at + 1);
};

describe('a license key as it is typed', () => {
  it('is right however it is written', () => {
    const right = key();
    const misread = right.replace(/-.*/, (groups) => groups.replaceAll('0', 'O').replaceAll('1', 'l'));
    for (const typed of [right, ` ${right.toLowerCase()}\n`, misread]) {
      expect(judgeKey(typed, null)).toBe('right');
      expect(judgeKey(typed, 'PANEL')).toBe('right');
    }
  });

  it('is a typo when its check characters do not fit', () => {
    expect(judgeKey(mistyped(key()), null)).toBe('typo');
    expect(judgeKey(mistyped(key()), 'PANEL')).toBe('typo');
    expect(judgeKey(key('PANEL').replace('PANEL', 'CHANEL'), null)).toBe('typo');
  });

  it("is a typo when it begins like the product's keys and has another form", () => {
    for (const typed of [key().slice(0, -1), `${key()}7`, 'PANEL-UUUU-UUUU-UUUU-UUUU-UUUU']) {
      expect(judgeKey(typed, 'PANEL')).toBe('typo');
      expect(judgeKey(typed, null)).toBe('unknown form');
    }
    expect(judgeKey(key('PANEL').replace('PANEL', 'PANEI'), 'PANEL')).toBe('typo');
  });

  it('is not judged in another form', () => {
    for (const imported of ['', 'CPANEL-123', 'PANEL-AB12-CD34', 'a1b2-c3d4']) {
      expect(judgeKey(imported, null)).toBe('unknown form');
      expect(judgeKey(imported, 'PANEL')).toBe('unknown form');
    }
  });

  it('is judged as the service does', () => {
    const VERDICTS = { right: 'valid', typo: 'invalid', 'unknown form': 'foreign' } as const;
    const group = fc.stringMatching(/^[0-9A-Z]{4}$/);
    const any = fc
      .array(group, { minLength: 5, maxLength: 5 })
      .map((groups) => ['PANEL', ...groups].join('-'));
    const generated = fc
      .uint8Array({ minLength: 10, maxLength: 10 })
      .map((random) => generateLicenseKey('PANEL', random));
    fc.assert(
      fc.property(fc.oneof(any, generated, generated.map(mistyped), fc.string()), (typed) => {
        const normalized = normalizeLicenseKey(typed);
        expect(normalKey(typed)).toBe(normalized);
        expect(VERDICTS[judgeKey(typed, null)]).toBe(checksumVerdict(normalized, new Set(['PANEL'])));
      }),
    );
  });
});

describe('what is shown of a key', () => {
  it('is what the service shows', () => {
    for (const each of [key(), 'ABCDEFGHIJKL', 'ABCDEFGH', 'ABC', '']) {
      expect(maskKey(each)).toBe(maskLicenseKey(normalizeLicenseKey(each)));
    }
  });
});
