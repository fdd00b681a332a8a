/** A day in UTC, `2027-03-01`. Days in this form compare as they follow each other. */
export type Day = string;

export interface DaySpan {
  /** Both are in it. */
  readonly from: Day;
  readonly to: Day;
}

const DAY_MS = 86_400_000;

/** A year and a day: what a chart can show, and what one query reads. */
export const MOST_DAYS = 366;

const DEFAULT_DAYS = 30;

export const dayOf = (time: Date): Day => time.toISOString().slice(0, 10);

const midnight = (day: Day): number => Date.parse(`${day}T00:00:00Z`);

const plusDays = (day: Day, days: number): Day => dayOf(new Date(midnight(day) + days * DAY_MS));

/** Whether the calendar has that day, from 1970 on as for instants: what lies before year 1 can't be asked of the database. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || text < '1970') return false;
  const time = midnight(text);
  // JavaScript rolls 30 February over into March instead of refusing it.
  return !Number.isNaN(time) && dayOf(new Date(time)) === text;
}

/**
 * The days that are asked for: up to today, and thirty of them, unless told otherwise. `order` is a span that ends before
 * it begins, `length` one that is too long.
 */
export function daySpan(asked: Partial<DaySpan>, today: Day): DaySpan | 'order' | 'length' {
  const to = asked.to ?? today;
  const from = asked.from ?? plusDays(to, 1 - DEFAULT_DAYS);
  if (from > to) return 'order';
  return midnight(to) - midnight(from) > (MOST_DAYS - 1) * DAY_MS ? 'length' : { from, to };
}

/** Every day of the span, in order. */
export function daysOf({ from, to }: DaySpan): Day[] {
  const count = (midnight(to) - midnight(from)) / DAY_MS + 1;
  return Array.from({ length: count }, (_, index) => plusDays(from, index));
}
