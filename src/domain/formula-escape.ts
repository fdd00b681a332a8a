/**
 * What a spreadsheet would run as a formula when it opens a file, behind any number of apostrophes: those count along, so
 * that a text which has an apostrophe of its own is told from one that was given it here.
 */
const FORMULA = /^'*[=+\-@\t\r]/;
const ESCAPED = /^'+[=+\-@\t\r]/;

/** The text as a cell that no spreadsheet runs: one apostrophe in front where it would. */
export const escapeFormula = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** Takes away what `escapeFormula` puts in front, and nothing else. */
export const unescapeFormula = (cell: string): string => (ESCAPED.test(cell) ? cell.slice(1) : cell);
