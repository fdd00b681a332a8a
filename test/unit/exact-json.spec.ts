import { exactJson } from '../../src/domain/exact-json.js';

describe('exactJson', () => {
  it.each([
    ['{"a": [1, -2.5, 0, "1e999", null, true]}', { a: [1, -2.5, 0, '1e999', null, true] }],
    ['1000000000000000000000', 1e21],
    ['-1230000000000000000000000', -1.23e24],
    ['0.0000001', 1e-7],
    ['-0.000000125', -1.25e-7],
  ])('reads %s', (text, value) => {
    expect(exactJson(text)).toEqual(value);
  });

  it.each(['1.00000000000000000001', '9007199254740993', '[{"a": 1.0}]', `1${'0'.repeat(999)}`, '1.50'])(
    'refuses %s, which is not what a number is written as',
    (text) => {
      expect(exactJson(text)).toBeUndefined();
    },
  );
});
