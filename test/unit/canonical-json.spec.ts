import * as fc from 'fast-check';
import { canonicalJson, type Json } from '../../src/domain/canonical-json.js';

describe('canonicalJson', () => {
  it('sorts names at every depth and keeps arrays as they are', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }, 'x"y'], a: true, '10': -1, '9': 2 })).toBe(
      '{"10":-1,"9":2,"a":true,"b":[{"c":null,"d":1},"x\\"y"]}',
    );
  });

  it('loses nothing and does not depend on the order of names', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as Json;
        expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
        expect(canonicalJson(reversed(plain))).toBe(canonicalJson(plain));
      }),
    );
  });
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member as Json)]),
  );
}
