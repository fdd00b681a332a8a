import * as fc from 'fast-check';
import { escapeFormula, unescapeFormula } from '../../src/domain/formula-escape.js';

describe('a text that a spreadsheet would run', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@sum', "'@sum"],
    ['\t=1', "'\t'=1"],
    ['\r=1', "'\r'=1"],
    ['\n=1', "'\n'=1"],
    ['x;=1+1;y', "x;'=1+1;y"],
    ['x;@a;+1', "x;'@a;'+1"],
    ['x\t-1', "x\t'-1"],
    ['x\r\n=1', "x\r\n'=1"],
    ['x;"=1"', `x;'"=1"`],
    ["x;'=1", "x;''=1"],
    ["'=1", "''=1"],
    ["''=1", "'''=1"],
  ])('%j is written %j', (text, cell) => {
    expect(escapeFormula(text)).toBe(cell);
    expect(unescapeFormula(cell)).toBe(text);
  });

  it.each(['', 'a', "'", "'a", 'a=1', ' =1', '1-1', 'a;b', 'a;1=1', 'a\nb'])(
    'is not %j, which stays as it is',
    (text) => {
      expect(escapeFormula(text)).toBe(text);
      expect(unescapeFormula(text)).toBe(text);
    },
  );

  it('comes back as it was, and never begins like a formula', () => {
    const unit = fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '\n', ';', '"', 'a', ' ');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 8 }), (text) => {
        const cell = escapeFormula(text);
        expect(cell).not.toMatch(/^[=+\-@\t\r\n]/);
        for (const part of cell.split(/[;\t\r\n]/)) expect(part).not.toMatch(/^"*[=+\-@]/);
        expect(unescapeFormula(cell)).toBe(text);
      }),
    );
  });

  it('is taken as it is where nobody has escaped it', () => {
    expect(unescapeFormula('=1')).toBe('=1');
  });
});
