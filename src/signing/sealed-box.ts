import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The first byte of everything sealed, so that another cipher can come without guessing what a row holds. */
export const FORMAT = 1;

/** AES-256-GCM; answers format byte, nonce, ciphertext and tag in one buffer. `context` is bound into it. */
export function seal(key: KeyObject, context: Buffer, secret: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context);
  return Buffer.concat([
    Buffer.of(FORMAT),
    nonce,
    cipher.update(secret),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** The inverse of `seal`; null when it was sealed with another key or context, or is damaged: GCM can't tell which. */
export function unseal(key: KeyObject, context: Buffer, sealed: Buffer): Buffer | null {
  const ciphertextStart = 1 + NONCE_BYTES;
  if (sealed[0] !== FORMAT || sealed.length < ciphertextStart + TAG_BYTES) return null;
  const nonce = sealed.subarray(1, ciphertextStart);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(context);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(ciphertextStart, -TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}
