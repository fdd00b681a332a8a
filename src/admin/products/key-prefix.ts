const MAX_LENGTH = 8;

/** For a code of which no prefix can be made: `1panel`, for instance. */
const FALLBACK = 'KEY';

/** The key prefix of a product that names none: the letters and digits of its code in upper case, at most eight. */
export function keyPrefixOf(code: string): string {
  const prefix = code
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
    .slice(0, MAX_LENGTH);
  return /^[A-Z]/.test(prefix) ? prefix : FALLBACK;
}
