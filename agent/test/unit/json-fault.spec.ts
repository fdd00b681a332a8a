import { jsonFault } from '../../src/cli/json-fault.js';

it.each(['{}', ' [1, -0.5e3, "a\\u00e9\\n", true, null, {"a": []}]\n', '"\u007f"', '0'])(
  'finds nothing wrong with %j',
  (text) => {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(jsonFault(text)).toBeNull();
  },
);

it.each([
  ['', 'line 1, column 1'],
  ['{', 'line 1, column 2'],
  ['{"server": https://x.test}', 'line 1, column 12'],
  ['{\n  "server": "a",\n}', 'line 3, column 1'],
  ['{\n  "server": "a"\n  "product": "b"\n}', 'line 3, column 3'],
  ["{'a': 1}", 'line 1, column 2'],
  ['{"a" 1}', 'line 1, column 6'],
  ['{"a": 01}', 'line 1, column 7'],
  ['{"a": 1} x', 'line 1, column 10'],
  ['[1, "two]', 'line 1, column 5'],
  ['["a\tb"]', 'line 1, column 2'],
  ['["\\B"]', 'line 1, column 2'],
  ['[nulls]', 'line 1, column 2'],
  ['[1 2]', 'line 1, column 4'],
])('%j: %s', (text, place) => {
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  expect(jsonFault(text)).toBe(place);
});
