/** Stands for whatever host a path is taken on. */
const SOME_HOST = 'http://host.invalid';

/** Nobody encodes a path more often than a proxy, a framework and a mistake would. */
const MOST_DECODINGS = 3;

const FORBIDDEN = /[\\\p{Cc}\u2028\u2029]/u;

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** The text and what is left of it after each decoding; null when it can't be decoded, or never settles. */
function readingsOf(text: string): string[] | null {
  const readings = [text];
  for (let last = text; last.includes('%');) {
    const next = decoded(last);
    // A percent sign that was meant as one can't be decoded again: nobody reads further.
    if (next === null) return last === text ? null : readings;
    if (readings.length > MOST_DECODINGS) return null;
    readings.push(next);
    last = next;
  }
  return readings;
}

const isPlain = (path: string): boolean =>
  path.startsWith('/') && !path.startsWith('//') && !FORBIDDEN.test(path);

/**
 * Where a browser may be sent on this very host: the path as a `Location` header carries it; null for anything that some
 * reader could take for another host, also once it is decoded. `//evil.example` and `/\evil.example` name a host to a
 * browser, and so does `/.//evil.example` to one that tidies it up before it looks.
 */
export function localPath(path: string): string | null {
  const readings = readingsOf(path);
  if (readings === null || !readings.every(isPlain) || !path.isWellFormed()) return null;
  const { origin, pathname, search, hash } = new URL(path, SOME_HOST);
  return origin === SOME_HOST && !pathname.startsWith('//') ? pathname + search + hash : null;
}
