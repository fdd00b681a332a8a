import { decodeProtectedHeader } from 'jose/decode/protected_header';
import { compactVerify } from 'jose/jws/compact/verify';
import { importJWK } from 'jose/key/import';
import type { Jwk } from './jwk.js';

/** What the service signs; one kind can't be passed off as another. */
export const SIGNED = {
  lease: 'mooring-lease+jwt',
  proof: 'mooring-proof+jwt',
  artifact: 'mooring-artifact+jwt',
  key: 'mooring-key+jwt',
} as const;

export type Signed = keyof typeof SIGNED;

/** Why a signed text is not believed. `unknown key` may become another answer once the published keys are looked at. */
export type Doubt = 'unknown key' | 'not genuine';

export class UntrustedError extends Error {
  override readonly name = 'UntrustedError';

  constructor(
    readonly doubt: Doubt,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

function keyIdOf(kind: Signed, jws: string): string {
  try {
    const { kid } = decodeProtectedHeader(jws);
    if (typeof kid === 'string') return kid;
  } catch (error) {
    throw new UntrustedError('not genuine', `The ${kind} is no signed text`, { cause: error });
  }
  throw new UntrustedError('not genuine', `The ${kind} names no key`);
}

/**
 * The claims of a compact JWS by one of the pinned keys. Only Ed25519 counts: `alg: none`, HMACs and a key that the text
 * brings along itself are refused. Times are not judged here: what a lease's mean depends on where the panel stands.
 * @throws UntrustedError
 */
export async function openSigned(kind: Signed, jws: string, pins: readonly Jwk[]): Promise<unknown> {
  const kid = keyIdOf(kind, jws);
  const key = pins.find((pin) => pin.kid === kid);
  if (key === undefined) throw new UntrustedError('unknown key', `The ${kind} is signed by an unknown key`);
  try {
    const { payload, protectedHeader } = await compactVerify(jws, await importJWK({ ...key }, 'EdDSA'), {
      algorithms: ['EdDSA'],
    });
    if (protectedHeader.typ !== SIGNED[kind]) throw new Error(`It is no ${SIGNED[kind]}`);
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    throw new UntrustedError('not genuine', `The ${kind} is not genuine`, { cause: error });
  }
}
