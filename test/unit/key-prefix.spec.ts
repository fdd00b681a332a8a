import { keyPrefixOf } from '../../src/admin/products/key-prefix.js';
import { isKeyPrefix } from '../../src/domain/license-key.js';

describe('the key prefix of a product that names none', () => {
  it.each([
    ['panel', 'PANEL'],
    ['server-panel', 'SERVERPA'],
    ['a.b_c-2', 'ABC2'],
    ['x', 'X'],
    // A key begins with a letter.
    ['1panel', 'KEY'],
    ['2-', 'KEY'],
  ])('of %s is %s', (code, prefix) => {
    expect(keyPrefixOf(code)).toBe(prefix);
    expect(isKeyPrefix(prefix)).toBe(true);
  });
});
