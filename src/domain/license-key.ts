import { hash } from 'node:crypto';

declare const brand: unique symbol;

/** A whole license key in its one spelling. It is a credential: hash it or mask it, never store, log or send it on. */
export type RawLicenseKey = string & { readonly [brand]: 'RawLicenseKey' };

/** Crockford's base 32 leaves out I, L, O and U, the letters that are misread or spell words. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BITS_PER_CHARACTER = 5;
const LAST_CHARACTER = ALPHABET.length - 1;
const RANDOM_BYTES = 10;
const PAYLOAD_CHARACTERS = (RANDOM_BYTES * 8) / BITS_PER_CHARACTER;
const CHECKSUM_CHARACTERS = 4;

/** What a product's key prefix looks like. */
const PREFIX = /^[A-Z][A-Z0-9]{0,15}$/;

/** PREFIX-XXXX-XXXX-XXXX-XXXX-XXXX, with the letters that are read as digits still in it. U is never one of ours. */
const GENERATED = /^([A-Z][A-Z0-9]{0,15})((?:-[0-9A-TV-Z]{4}){5})$/;

const MISREAD = { O: '0', I: '1', L: '1' } as const satisfies Record<string, string>;

/** Encodes the leading bits of `bytes`, five to a character. */
function encode(bytes: Uint8Array, characters: number): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    held += 8;
    for (; held >= BITS_PER_CHARACTER && text.length < characters; held -= BITS_PER_CHARACTER)
      text += ALPHABET.charAt((bits >> (held - BITS_PER_CHARACTER)) & LAST_CHARACTER);
    if (text.length === characters) break;
    bits &= LAST_CHARACTER;
  }
  return text;
}

/**
 * The first 20 bits of SHA-256 over `PREFIX-payload`. No secret goes in, so that an installer or a secret scanner can
 * tell a typo as well; what keeps a key from being guessed are its 80 random bits. The prefix goes in, so that a key
 * typed under another product's prefix is a typo too.
 */
function checksum(prefix: string, payload: string): string {
  return encode(hash('sha256', `${prefix}-${payload}`, 'buffer'), CHECKSUM_CHARACTERS);
}

/** Whether a string can be a product's key prefix: 1 to 16 of A-Z and 0-9, a letter first. */
export function isKeyPrefix(s: string): boolean {
  return PREFIX.test(s);
}

/**
 * Makes a key of 10 random bytes. The caller draws them, so that this stays a function of its arguments.
 * @throws RangeError on a prefix or a number of bytes that no caller should pass
 */
export function generateLicenseKey(prefix: string, random: Uint8Array): RawLicenseKey {
  if (!isKeyPrefix(prefix)) throw new RangeError('Not a key prefix');
  if (random.length !== RANDOM_BYTES) throw new RangeError(`A key takes ${RANDOM_BYTES} random bytes`);
  const payload = encode(random, PAYLOAD_CHARACTERS);
  const groups = `${payload}${checksum(prefix, payload)}`.replace(/.{4}/g, '-$&');
  return `${prefix}${groups}` as RawLicenseKey;
}

/**
 * The one spelling under which a key is hashed and looked up: trimmed, in upper case and, where it has the generated
 * form, with O read as 0 and I and L as 1. Not in the prefix, where they are letters, and not in a key of another
 * form, which was imported and may tell them apart.
 */
export function normalizeLicenseKey(input: string): RawLicenseKey {
  const key = input.trim().toUpperCase();
  const normalized = key.replace(
    GENERATED,
    (_key, prefix: string, groups: string) =>
      prefix + groups.replace(/[OIL]/g, (letter) => MISREAD[letter as keyof typeof MISREAD]),
  );
  return normalized as RawLicenseKey;
}

/**
 * Whether a key can be refused without a look-up: only as `invalid`. A key is judged when it has the generated form under
 * a known prefix; anything else is `foreign` and must be looked up, for an imported key keeps its own form, even one
 * that happens to begin like a product's.
 */
export function checksumVerdict(
  key: RawLicenseKey,
  knownPrefixes: ReadonlySet<string>,
): 'valid' | 'invalid' | 'foreign' {
  const [, prefix = '', groups = ''] = GENERATED.exec(key) ?? [];
  if (!knownPrefixes.has(prefix)) return 'foreign';
  const characters = groups.replaceAll('-', '');
  const payload = characters.slice(0, PAYLOAD_CHARACTERS);
  return checksum(prefix, payload) === characters.slice(PAYLOAD_CHARACTERS) ? 'valid' : 'invalid';
}

/**
 * What may be stored and shown of a key: `ABCD-****-WXYZ`. The prefix is public and the last group repeats what the
 * hidden part already fixes. Of a key of another form at most four characters at either end show, and no more than
 * half of it; the stars do not tell the length.
 */
export function maskLicenseKey(key: RawLicenseKey): string {
  const prefix = GENERATED.exec(key)?.[1];
  if (prefix !== undefined) return `${prefix}-****-${key.slice(-4)}`;
  const characters = [...key];
  const shown = Math.min(4, Math.floor(characters.length / 4));
  if (shown === 0) return '****';
  return `${characters.slice(0, shown).join('')}-****-${characters.slice(-shown).join('')}`;
}
