import { createHash } from 'node:crypto';

/** Crockford's base 32. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const PAYLOAD_CHARACTERS = 16;
const CHECK_CHARACTERS = 4;
const BITS_PER_CHARACTER = 5;
/** Of the five groups with their dashes. */
const GROUPS_LENGTH = 25;

/** PREFIX-XXXX-XXXX-XXXX-XXXX-XXXX, with the letters that are read as digits still in it. */
const GENERATED = /^([A-Z][A-Z0-9]{0,15})((?:-[0-9A-TV-Z]{4}){5})$/;

/** What a key that was typed can be told to be without asking anybody. */
export type KeyVerdict = 'right' | 'typo' | 'unknown form';

/** The first 20 bits of SHA-256 over `PREFIX-payload`, as the service makes them. */
function checkCharacters(prefix: string, payload: string): string {
  const bits = createHash('sha256').update(`${prefix}-${payload}`).digest().readUInt32BE(0);
  return Array.from({ length: CHECK_CHARACTERS }, (_, i) =>
    ALPHABET.charAt((bits >>> (32 - BITS_PER_CHARACTER * (i + 1))) & 31),
  ).join('');
}

/** As the service reads a key: without blanks around it, in upper case and, in a key of its own form, O as 0, I and L as 1. */
export function normalKey(input: string): string {
  return input
    .trim()
    .toUpperCase()
    .replace(
      GENERATED,
      (_key, prefix: string, groups: string) => prefix + groups.replaceAll('O', '0').replace(/[IL]/g, '1'),
    );
}

/** Keys of another system may begin with the product's name too, so the length has to be nearly right. */
const isNearly = (key: string, keyPrefix: string | null): boolean =>
  keyPrefix !== null &&
  key.startsWith(`${keyPrefix}-`) &&
  Math.abs(key.length - (keyPrefix.length + GROUPS_LENGTH)) <= 2;

/**
 * Judges the check characters of a key, under its own prefix, for a typo in that shows as well. Where the product's prefix is
 * known, what begins like a key of it and is a little too short or too long is one as well. Any other key
 * was imported and keeps its own form; `--force` is for an imported key that only looks like one of ours.
 */
export function judgeKey(input: string, keyPrefix: string | null): KeyVerdict {
  const key = normalKey(input);
  const [, prefix = '', groups = ''] = GENERATED.exec(key) ?? [];
  if (prefix === '') {
    return isNearly(key, keyPrefix) ? 'typo' : 'unknown form';
  }
  const characters = groups.replaceAll('-', '');
  const payload = characters.slice(0, PAYLOAD_CHARACTERS);
  return checkCharacters(prefix, payload) === characters.slice(PAYLOAD_CHARACTERS) ? 'right' : 'typo';
}

/** What may be shown of a key: `ABCD-****-WXYZ`; of one in another form at most half, and never its length. */
export function maskKey(input: string): string {
  const key = normalKey(input);
  const prefix = GENERATED.exec(key)?.[1];
  if (prefix !== undefined) return `${prefix}-****-${key.slice(-4)}`;
  const characters = Array.from(key);
  const shown = Math.min(4, Math.floor(characters.length / 4));
  if (shown === 0) return '****';
  return `${characters.slice(0, shown).join('')}-****-${characters.slice(-shown).join('')}`;
}
