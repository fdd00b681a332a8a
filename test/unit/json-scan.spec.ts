import * as fc from 'fast-check';
import { findFlaw, MAX_DEPTH } from '../../src/http/json-scan.js';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const hasForbiddenKey = (value: unknown, parentKey = ''): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(
    ([key, inner]) =>
      (!Array.isArray(value) &&
        (key === '__proto__' || (key === 'prototype' && parentKey === 'constructor'))) ||
      hasForbiddenKey(inner, Array.isArray(value) ? '' : key),
  );

/** Keys that look like syntax, so that a scanner that loses its place is caught. */
const key = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', 'a') }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    key,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
}));

/** A key with every character as an escape. */
const escaped = (text: string): string =>
  `"${[...Array(text.length).keys()].map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;

const outcome = (text: string): unknown => {
  try {
    return findFlaw(text);
  } catch (error) {
    return error instanceof SyntaxError ? 'syntax' : error;
  }
};

describe('the scan of a JSON body', () => {
  it('finds no flaw in what JSON.stringify writes, however it is indented', () => {
    fc.assert(
      fc.property(value, fc.nat(2), (json, indent) => {
        fc.pre(depthOf(json) <= MAX_DEPTH && !hasForbiddenKey(json));
        expect(findFlaw(JSON.stringify(json, null, indent))).toBeNull();
      }),
    );
  });

  it('finds a key given twice, wherever it is and however it is escaped', () => {
    fc.assert(
      fc.property(key, value, value, fc.boolean(), fc.nat(5), (name, one, other, escape, depth) => {
        fc.pre(name !== '__proto__' && !hasForbiddenKey(one) && !hasForbiddenKey(other));
        const again = escape ? escaped(name) : JSON.stringify(name);
        const twice = `{${JSON.stringify(name)}:${JSON.stringify(one)},"~":[],${again}:${JSON.stringify(other)}}`;
        fc.pre(name !== '~');
        expect(findFlaw('[1,'.repeat(depth) + twice + ']'.repeat(depth))).toBe('duplicate key');
      }),
    );
  });

  it('takes the same key in different objects', () => {
    expect(findFlaw('{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":3}}')).toBeNull();
  });

  it.each([
    [MAX_DEPTH, null],
    [MAX_DEPTH + 1, 'too deep'],
    [500_000, 'too deep'],
  ])('judges %i levels as %s', (levels, flaw) => {
    expect(findFlaw('['.repeat(levels) + ']'.repeat(levels))).toBe(flaw);
    expect(findFlaw('{"a":'.repeat(levels) + '1' + '}'.repeat(levels))).toBe(flaw);
  });

  it('counts no bracket inside a string', () => {
    expect(findFlaw(JSON.stringify({ a: '[{'.repeat(100), ['\\"['.repeat(100)]: 1 }))).toBeNull();
  });

  it.each([
    '{"__proto__":{}}',
    '{"a":[{"__proto__":1}]}',
    '{"\\u005f_proto__":1}',
    '{"constructor":{"prototype":{}}}',
    '{"constructor": {"x":1, "prototype":1}}',
  ])('finds the prototype key in %s', (text) => {
    expect(findFlaw(text)).toBe('forbidden key');
  });

  it.each([
    '{"constructor":1}',
    '{"prototype":{}}',
    '{"a":{"prototype":1},"constructor":{"b":1}}',
    '{"a":"__proto__"}',
  ])('takes %s, which reaches no prototype', (text) => {
    expect(findFlaw(text)).toBeNull();
  });

  it('ends on any text, however broken, and throws nothing but SyntaxError', () => {
    const anything = fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '1', 'u') });
    fc.assert(
      fc.property(anything, (text) => {
        expect([null, 'too deep', 'duplicate key', 'forbidden key', 'syntax']).toContain(outcome(text));
      }),
    );
  });
});
