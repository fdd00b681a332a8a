import { hardwareIdProblem, isHardwareId, parseHardwareId } from '../../src/domain/hardware-id.js';

const LOWER = '0123456789abcdef'.repeat(4);

describe('hardware ids', () => {
  it.each([
    ['lower case', LOWER, null],
    ['upper case', LOWER.toUpperCase(), null],
    ['mixed case', `A${LOWER.slice(1)}`, null],
    ['the empty string', '', 'length'],
    ['63 characters', LOWER.slice(1), 'length'],
    ['65 characters', `${LOWER}0`, 'length'],
    ['a trailing newline', `${LOWER}\n`, 'length'],
    ['10,000 characters', 'a'.repeat(10_000), 'length'],
    ['128 units that are 64 code points', '😀'.repeat(64), 'format'],
    ['64 units that are 32 code points', '😀'.repeat(32), 'length'],
    ['a letter past f', `${LOWER.slice(1)}g`, 'format'],
    ['a blank inside', `${LOWER.slice(2)} 0`, 'format'],
    ['a NUL', `${LOWER.slice(1)}\u0000`, 'format'],
    ['a Cyrillic а', `${LOWER.slice(1)}\u0430`, 'format'],
    ['a full-width digit', `${LOWER.slice(1)}\uff10`, 'format'],
    ['an Arabic digit', `${LOWER.slice(1)}\u0660`, 'format'],
  ])('judges %s', (_name, s, problem) => {
    expect(hardwareIdProblem(s)).toBe(problem);
    expect(isHardwareId(s)).toBe(problem === null);
  });

  it('are stored in lower case, whatever case they come in', () => {
    expect(parseHardwareId(LOWER.toUpperCase())).toBe(LOWER);
    expect(parseHardwareId(LOWER)).toBe(LOWER);
  });

  it('can not be made of a string that nobody validated', () => {
    expect(() => parseHardwareId(`${LOWER}0`)).toThrow(RangeError);
  });
});
