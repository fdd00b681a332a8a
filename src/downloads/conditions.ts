import type { IncomingHttpHeaders } from 'node:http';

/** What the conditions of a request make of it. */
export type Condition = 'fresh' | 'not modified' | 'failed';

/** The entity tags in a list; weak ones keep their mark. */
const tagsIn = (list: string): string[] => list.match(/(?:W\/)?"[^"]*"/g) ?? [];

const names = (list: string, etag: string): boolean => list.trim() === '*' || tagsIn(list).includes(etag);

const withoutWeakness = (list: string): string => list.replaceAll('W/"', '"');

/**
 * RFC 9110, 13.2.2, for a strong entity tag and no modification date. `If-Match` compares strongly, `If-None-Match`
 * weakly.
 */
export function conditionOf(headers: IncomingHttpHeaders, etag: string): Condition {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (ifMatch !== undefined && !names(ifMatch, etag)) return 'failed';
  if (ifNoneMatch !== undefined && names(withoutWeakness(ifNoneMatch), etag)) return 'not modified';
  return 'fresh';
}

/** Which bytes of a file: from `start` up to and without `end`. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** The one form that is answered in part: whoever asks for several ranges, or in other units, gets the file. */
const RANGE = /^\s*bytes=\s*(?:(\d+)-(\d*)|-(\d+))\s*$/i;

/** Null where it stands for the whole file. A suffix longer than the file is all of it. */
function partIn(range: string, size: number): Part | 'unsatisfiable' | null {
  const match = RANGE.exec(range);
  if (match === null) return null;
  const [, first, last, suffix] = match;
  const start = suffix === undefined ? Number(first) : Math.max(0, size - Number(suffix));
  const end = last ? Math.min(Number(last) + 1, size) : size;
  return start < end ? { start, end } : 'unsatisfiable';
}

/**
 * The part to answer; null for the whole file. A range that is bound to another state of the file would be glued to the
 * wrong bytes, and a date says nothing here. Only GET has ranges.
 */
export function partOf(
  method: string,
  { range, 'if-range': ifRange }: IncomingHttpHeaders,
  { etag, size }: { readonly etag: string; readonly size: number },
): Part | 'unsatisfiable' | null {
  if (method !== 'GET' || range === undefined) return null;
  return ifRange === undefined || ifRange === etag ? partIn(range, size) : null;
}
