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

/** The last bytes, however many there are. */
const SUFFIX = /^\s*bytes=-(\d+)\s*$/;

/** A suffix longer than the file is the whole file; the library that cuts the bytes takes it for unsatisfiable. */
function withinFile(range: string, size: number): string {
  const suffix = Number(SUFFIX.exec(range)?.[1]);
  return suffix > size ? 'bytes=0-' : range;
}

/**
 * The range to answer; undefined for the whole file. A range that is bound to another state of the file would be glued to
 * the wrong bytes, and a date says nothing here. Only GET has ranges.
 */
export function rangeOf(
  method: string,
  { range, 'if-range': ifRange }: IncomingHttpHeaders,
  { etag, size }: { readonly etag: string; readonly size: number },
): string | undefined {
  if (method !== 'GET' || range === undefined) return undefined;
  return ifRange === undefined || ifRange === etag ? withinFile(range, size) : undefined;
}
