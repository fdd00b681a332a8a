import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { SigningKeyRow } from '../database/entities/index.js';
import type { MasterKey } from './master-key.js';

/** All that may be known of a signing key; the private half stays apart. */
export type SigningKey = Readonly<Omit<SigningKeyRow, 'wrappedPrivate'>>;

/** Nothing can be signed with this key: it was never in the ring, or it is compromised. */
export class UnusableKeyError extends Error {
  override readonly name = 'UnusableKeyError';

  constructor(kid: string) {
    super(`There is no usable signing key '${kid}'`);
  }
}

/** Makes an Ed25519 key that signs from `signsFrom` on and is endorsed by nobody yet. */
export async function generateSigningKey(
  masterKey: MasterKey,
  { createdAt, signsFrom }: { readonly createdAt: Date; readonly signsFrom: Date },
): Promise<SigningKeyRow> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { kty, crv, x } = publicKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({ kty, crv, x });
  return {
    kid,
    publicJwk: { kty, crv, x },
    wrappedPrivate: masterKey.wrap('signing-key', kid, privateKey.export({ format: 'der', type: 'pkcs8' })),
    createdAt,
    signsFrom,
    coversUntil: signsFrom,
    compromisedAt: null,
    endorsements: [],
  };
}

/** What a node keeps in memory and hands out: the stored row without its secret. */
export const publicPart = (row: SigningKeyRow): SigningKey => ({
  kid: row.kid,
  publicJwk: row.publicJwk,
  createdAt: row.createdAt,
  signsFrom: row.signsFrom,
  coversUntil: row.coversUntil,
  compromisedAt: row.compromisedAt,
  endorsements: row.endorsements,
});

/** The private half; throws `UnwrapError` when the master key is not the one that wrapped it. */
export function openSigningKey(masterKey: MasterKey, { kid, wrappedPrivate }: SigningKeyRow): KeyObject {
  const key = masterKey.unwrap('signing-key', kid, wrappedPrivate);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}
