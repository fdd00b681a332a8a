const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** How long to wait after so many broken attempts in a row: a second, doubled up to half a minute. */
export const pauseMs = (failures: number): number =>
  Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10), LONGEST_WAIT_MS);

/** What a `Retry-After` asks for, in milliseconds: seconds or an HTTP date; 0 for none, and for what is neither. */
export function retryAfterMs(header: string | undefined, now: number): number {
  const value = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  // Any other number would be read as a year.
  const date = /[a-z]/i.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? 0 : Math.max(date - now, 0);
}
