import { fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';

/** The clock of who wrote the file may be ahead of this one by so much. */
const SKEW_MS = 300_000;

/** @throws FieldErrors that name the dates which have not come yet */
export function refuseFuture(dates: Readonly<Record<string, Date | undefined>>, now: Date): void {
  const latest = now.getTime() + SKEW_MS;
  const early = Object.entries(dates).filter(([, date]) => date !== undefined && date.getTime() > latest);
  if (early.length > 0)
    throw fieldErrors(Object.fromEntries(early.map(([field]) => [field, [sentence('future', field)]])));
}
