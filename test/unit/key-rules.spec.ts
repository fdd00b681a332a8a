import { jwkSetAt, listedAt, rotationStart, signerAt } from '../../src/signing/key-rules.js';
import type { SigningKey } from '../../src/signing/signing-key.js';

const at = (day: number) => new Date(Date.UTC(2026, 0, day));

const key = (kid: string, signsFrom: number, coversUntil: number, compromised = false): SigningKey => ({
  kid,
  publicJwk: { kty: 'OKP', crv: 'Ed25519', x: `x-${kid}` },
  createdAt: at(signsFrom - 1),
  signsFrom: at(signsFrom),
  coversUntil: at(coversUntil),
  compromisedAt: compromised ? at(30) : null,
  endorsements: [],
});

const kids = (keys: readonly SigningKey[]) => keys.map(({ kid }) => kid);

describe('the signer', () => {
  const keys = [key('one', 1, 20), key('two', 10, 30)];

  it('is the newest key that has started', () => {
    expect(signerAt(keys, at(5))?.kid).toBe('one');
    expect(signerAt(keys, at(10))?.kid).toBe('two');
    expect(signerAt(keys, at(99))?.kid).toBe('two');
  });

  it('is never a compromised key', () => {
    expect(signerAt([key('one', 1, 20), key('two', 10, 30, true)], at(15))?.kid).toBe('one');
  });

  it('starts early when every key before it is compromised', () => {
    const ring = [key('one', 1, 20, true), key('two', 10, 10), key('three', 12, 12)];
    expect(signerAt(ring, at(5))?.kid).toBe('three');
  });

  it('is missing when nothing is left', () => {
    expect(signerAt([], at(5))).toBeUndefined();
    expect(signerAt([key('one', 1, 20, true)], at(5))).toBeUndefined();
  });
});

describe('the published keys', () => {
  const ring = [key('one', 1, 20), key('two', 10, 30)];

  it('hold the signer and its successor before that signs', () => {
    expect(kids(listedAt(ring, at(9)))).toEqual(['one', 'two']);
  });

  it('hold a retired key until nothing it signed can be valid', () => {
    expect(kids(listedAt(ring, new Date(at(20).getTime() - 1)))).toEqual(['one', 'two']);
    expect(kids(listedAt(ring, at(20)))).toEqual(['two']);
  });

  it('hold the signer even when it has signed nothing yet that is valid', () => {
    expect(kids(listedAt(ring, at(40)))).toEqual(['two']);
  });

  it('never hold a compromised key', () => {
    expect(kids(listedAt([key('one', 1, 20, true), key('two', 10, 30)], at(15)))).toEqual(['two']);
  });

  it('are JWKs with their endorsements', () => {
    const endorsed = { ...key('two', 10, 30), endorsements: [{ by: 'one', jws: 'a.b.c' }] };
    expect(jwkSetAt([endorsed], at(15))).toEqual({
      keys: [
        {
          kty: 'OKP',
          crv: 'Ed25519',
          x: 'x-two',
          kid: 'two',
          alg: 'EdDSA',
          use: 'sig',
          endorsements: ['a.b.c'],
        },
      ],
    });
  });
});

describe('a new key is due', () => {
  const ring = (...from: number[]) => from.map((day) => key(`key ${day}`, day, day));

  it.each([
    ['a week before the newest has signed for long enough', ring(1), 90, at(84), at(91)],
    ['no earlier', ring(1), 90, at(83), null],
    ['a week from now where its time is long over', ring(1), 90, at(200), at(207)],
    ['not while another waits to sign', ring(1, 91), 90, at(85), null],
    [
      'by the newest of those that are not compromised',
      [key('one', 1, 1), key('two', 50, 50, true)],
      90,
      at(84),
      at(91),
    ],
    ['never where nobody wants one', ring(1), 0, at(5_000), null],
  ])('%s', (_, keys, days, now, expected) => {
    expect(rotationStart(keys, days, now)).toEqual(expected);
  });
});
