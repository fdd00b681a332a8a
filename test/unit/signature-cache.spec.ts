import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import * as fc from 'fast-check';
import { JWS_TYPES, signCompact } from '../../src/signing/jws.js';
import { SignatureCache } from '../../src/signing/signature-cache.js';

const KEYS = new Map<string, KeyObject>(
  ['one', 'two', 'three'].map((kid) => [kid, generateKeyPairSync('ed25519').privateKey]),
);
const keyOf = (kid: string): KeyObject => KEYS.get(kid) as KeyObject;

/** A cache, and how often it had to sign. */
function watched(size: number) {
  const cache = new SignatureCache(size);
  const made: string[] = [];
  const signatureOf = (kid: string, text: string) =>
    cache.signatureOf(kid, text, () => {
      made.push(`${kid} ${text}`);
      return sign(null, Buffer.from(text), keyOf(kid));
    });
  return { signatureOf, made };
}

const afresh = (kid: string, text: string) => sign(null, Buffer.from(text), keyOf(kid)).toString('base64url');

const fail = () => {
  throw new Error('no key');
};
const make = () => sign(null, Buffer.from('text'), keyOf('one'));

describe('a signature that is remembered', () => {
  it('is made once and is the same afterwards', () => {
    const { signatureOf, made } = watched(64);
    for (let times = 0; times < 3; times++) expect(signatureOf('one', 'text')).toBe(afresh('one', 'text'));
    expect(made).toEqual(['one text']);
  });

  it('is that key’s and that text’s alone', () => {
    const { signatureOf, made } = watched(4_096);
    const asked = ['one', 'two', 'three'].flatMap((kid) =>
      ['', 'text', 'text ', 'Text', '\0text'].map((text) => [kid, text] as const),
    );
    for (const [kid, text] of [...asked, ...asked]) expect(signatureOf(kid, text)).toBe(afresh(kid, text));
    expect(made).toHaveLength(asked.length);
  });

  it('makes room for others when all are taken, and is right all the same', () => {
    const { signatureOf, made } = watched(16);
    const texts = Array.from({ length: 200 }, (_, index) => `text ${index}`);
    for (const text of [...texts, ...texts]) expect(signatureOf('one', text)).toBe(afresh('one', text));
    expect(made.length).toBeGreaterThan(texts.length);
    expect(signatureOf('one', 'text 199')).toBe(afresh('one', 'text 199'));
    expect(made.filter((text) => text === 'one text 199').length).toBeLessThanOrEqual(2);
  });

  it('stays beside others where they lie in one place', () => {
    // Four ways, and so one place for all.
    const { signatureOf, made } = watched(4);
    const texts = ['a', 'b', 'c', 'd'];
    for (const text of [...texts, ...texts, ...texts]) signatureOf('one', text);
    expect(made).toEqual(texts.map((text) => `one ${text}`));
    signatureOf('one', 'e');
    expect(signatureOf('one', 'e')).toBe(afresh('one', 'e'));
    expect(made).toHaveLength(5);
  });

  it('is nobody’s when the signing fails', () => {
    const cache = new SignatureCache(4);
    expect(() => cache.signatureOf('one', 'text', fail)).toThrow('no key');
    expect(cache.signatureOf('one', 'text', make)).toBe(afresh('one', 'text'));
  });

  it('is what signing afresh gives, whatever is asked in whatever order', () => {
    const claims = fc.record({ sub: fc.constantFrom('a', 'b', 'c', 'ü', ''), seq: fc.nat({ max: 12 }) });
    const call = fc.record({
      kid: fc.constantFrom('one', 'two', 'three'),
      typ: fc.constantFrom(JWS_TYPES.lease, JWS_TYPES.key),
      claims,
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 120 }), fc.constantFrom(4, 8, 64), (calls, size) => {
        const cache = new SignatureCache(size);
        for (const { kid, typ, claims: says } of calls) {
          expect(signCompact(keyOf(kid), kid, typ, says, cache)).toBe(
            signCompact(keyOf(kid), kid, typ, says),
          );
        }
      }),
      { numRuns: 30 },
    );
  });
});
