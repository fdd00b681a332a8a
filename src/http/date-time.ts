const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** JavaScript rolls 30 February over into March instead of refusing it. */
function isDayOfMonth(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/**
 * The instant that an ISO 8601 text names, null when it is none. Date, time and zone (`Z` or an offset) are required:
 * without a zone it would be another instant on every machine. From 1970 on, so that every instant can be stored.
 */
export function parseDateTime(text: string): Date | null {
  const [, year, month, day] = DATE_TIME.exec(text) ?? [];
  if (!isDayOfMonth(Number(year), Number(month), Number(day))) return null;
  const instant = new Date(text);
  return instant.getTime() >= 0 ? instant : null;
}
