import * as fc from 'fast-check';
import { escapeFormula, unescapeFormula } from '../../src/domain/formula-escape.js';

describe('a text that a spreadsheet would run', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@sum', "'@sum"],
    ['\t=1', "'\t=1"],
    ['\r=1', "'\r=1"],
    ["'=1", "''=1"],
    ["''=1", "'''=1"],
  ])('%j is written %j', (text, cell) => {
    expect(escapeFormula(text)).toBe(cell);
    expect(unescapeFormula(cell)).toBe(text);
  });

  it.each(['', 'a', "'", "'a", 'a=1', ' =1', '1-1'])('is not %j, which stays as it is', (text) => {
    expect(escapeFormula(text)).toBe(text);
    expect(unescapeFormula(text)).toBe(text);
  });

  it('comes back as it was, and never begins like a formula', () => {
    const unit = fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', 'a', ' ');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 6 }), (text) => {
        const cell = escapeFormula(text);
        expect(cell).not.toMatch(/^[=+\-@\t\r]/);
        expect(unescapeFormula(cell)).toBe(text);
      }),
    );
  });

  it('is taken as it is where nobody has escaped it', () => {
    expect(unescapeFormula('=1')).toBe('=1');
  });
});
