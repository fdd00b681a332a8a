import { daysOf, type Day, type DaySpan } from './days.js';
import { VERDICTS, type LicenseCode, type VerdictCode } from './verdicts.js';

/** How often a verdict was given on a day. */
export interface CodeOfDay {
  readonly day: Day;
  readonly code: string;
  readonly count: number;
}

export interface Answered {
  readonly total: number;
  readonly valid: number;
  readonly refused: number;
}

export type RefusalCounts = Readonly<Record<LicenseCode, number>>;

const VALID: VerdictCode = 'VALID';
const CODES = Object.keys(VERDICTS) as LicenseCode[];

const sum = (counts: readonly CodeOfDay[]): number => counts.reduce((total, { count }) => total + count, 0);

/** How many calls were answered with yes and with no. */
export function answered(counts: readonly CodeOfDay[]): Answered {
  const total = sum(counts);
  const valid = sum(counts.filter(({ code }) => code === VALID));
  return { total, valid, refused: total - valid };
}

/** How often each refusal was given, those that were not included. */
export function refusals(counts: readonly CodeOfDay[]): { total: number; codes: RefusalCounts } {
  const entries = CODES.map((code) => [code, sum(counts.filter((each) => each.code === code))] as const);
  return {
    total: entries.reduce((total, [, count]) => total + count, 0),
    codes: Object.fromEntries(entries) as RefusalCounts,
  };
}

/** Something for every day of the span, made of the rows of that day; a day without rows has an empty list of them. */
export function byDay<Row extends { readonly day: Day }, T>(
  span: DaySpan,
  rows: readonly Row[],
  make: (rows: readonly Row[], day: Day) => T,
): T[] {
  const rowsOf = Map.groupBy(rows, ({ day }) => day);
  return daysOf(span).map((day) => make(rowsOf.get(day) ?? [], day));
}
