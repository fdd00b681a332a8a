import { randomBytes } from 'node:crypto';

/** Crockford's base 32: nothing in it is read for something else. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 10;
const COUNT = 10;

const FORM = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`);

const generate = (): string => {
  const letters = [...randomBytes(LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`;
};

/** Ten codes of 50 bits, to be kept on paper. */
export const generateRecoveryCodes = (): string[] => Array.from({ length: COUNT }, generate);

/** A code however it was typed, as it is hashed; null for a text that is none. */
export function normalizedRecoveryCode(text: string): string | null {
  const code = text.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replaceAll('O', '0');
  return FORM.test(code) ? code : null;
}
