import { createHash } from 'node:crypto';

/** Crockford's base 32. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const PAYLOAD_CHARACTERS = 16;
const CHECK_CHARACTERS = 4;
const BITS_PER_CHARACTER = 5;

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

/** As the service reads a key: without blanks around it, in upper case. */
export const trimmedKey = (input: string): string => input.trim().toUpperCase();

/**
 * Judges the check characters of a key. They count under the product's own prefix; where that is not known (`keyPrefix`
 * null) under whatever prefix a key of the generated form has. Any other key was imported and keeps its own form.
 */
export function judgeKey(input: string, keyPrefix: string | null): KeyVerdict {
  const [, prefix = '', groups = ''] = GENERATED.exec(trimmedKey(input)) ?? [];
  if (prefix === '' || (keyPrefix !== null && prefix !== keyPrefix)) return 'unknown form';
  const characters = groups.replaceAll('-', '').replaceAll('O', '0').replace(/[IL]/g, '1');
  const payload = characters.slice(0, PAYLOAD_CHARACTERS);
  return checkCharacters(prefix, payload) === characters.slice(PAYLOAD_CHARACTERS) ? 'right' : 'typo';
}

/** What may be shown of a key: `ABCD-****-WXYZ`; of one in another form at most half, and never its length. */
export function maskKey(input: string): string {
  const key = trimmedKey(input);
  const prefix = GENERATED.exec(key)?.[1];
  if (prefix !== undefined) return `${prefix}-****-${key.slice(-4)}`;
  const characters = Array.from(key);
  const shown = Math.min(4, Math.floor(characters.length / 4));
  if (shown === 0) return '****';
  return `${characters.slice(0, shown).join('')}-****-${characters.slice(-shown).join('')}`;
}
