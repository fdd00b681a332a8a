/*
 * What a spreadsheet would run as a formula when it opens a file, behind any number of quotes: apostrophes count along, so
 * that a text which has an apostrophe of its own is told from one that was given it here.
 *
 * Where the list separator is another one than the comma, a cell may begin in the middle of a text, and a quote that is not
 * at the beginning of a cell keeps nothing together: so a formula may begin behind each separator and each line break.
 */
const BEFORE_FORMULA = /^(?=['"]*[=+\-@\t\r\n])|(?<=[;\t\r\n])(?=['"]*[=+\-@])/g;
const ESCAPE = /^'(?=['"]*[=+\-@\t\r\n])|(?<=[;\t\r\n])'(?=['"]*[=+\-@])/g;

/** The text as a cell that no spreadsheet runs: an apostrophe in front of each place where it would. */
export const escapeFormula = (text: string): string => text.replace(BEFORE_FORMULA, "'");

/** Takes away what `escapeFormula` puts in, and nothing else. */
export const unescapeFormula = (cell: string): string => cell.replace(ESCAPE, '');
