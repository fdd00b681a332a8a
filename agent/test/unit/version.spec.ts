import { isVersion as serviceTakes } from '../../../src/domain/version.js';
import { isVersion } from '../../src/domain/version.js';

describe('a version', () => {
  it.each(['1.2.3', '0.0.0', '1.0.0-rc.1', '1.0.0-0a', '1.0.0+build.7', '1.0.0-a-b.c+d'])(
    '%s is one',
    (text) => {
      expect(isVersion(text)).toBe(true);
      expect(serviceTakes(text)).toBe(true);
    },
  );

  it.each(['', '1', '1.2', 'v1.2.3', '01.2.3', '1.2.3-', '1.2.3-01', '1.2.3 ', `1.2.3-${'a'.repeat(256)}`])(
    '"%s" is none',
    (text) => {
      expect(isVersion(text)).toBe(false);
      expect(serviceTakes(text)).toBe(false);
    },
  );
});
