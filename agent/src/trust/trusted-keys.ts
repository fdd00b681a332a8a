import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';
import { ENDORSEMENT_CLAIMS, parseClaims } from './claims.js';
import type { Jwk, PublishedKey } from './jwk.js';
import { openSigned, UntrustedError } from './signed.js';

/** The key without anything else that its publisher wrote beside it, once its name is found to be its thumbprint. */
async function genuine({ kty, crv, x, kid }: Jwk): Promise<boolean> {
  return (await calculateJwkThumbprint({ kty, crv, x })) === kid;
}

const bare = ({ kty, crv, x, kid }: Jwk): Jwk => ({ kty, crv, x, kid });

/** Whether `by`, which is trusted, says in this endorsement that `kid` is a key of the same service. */
async function vouchesFor(by: Jwk, kid: string, jws: string): Promise<boolean> {
  try {
    return parseClaims(ENDORSEMENT_CLAIMS, await openSigned('key', jws, [by])).sub === kid;
  } catch (error) {
    if (error instanceof UntrustedError) return false;
    throw error;
  }
}

async function isEndorsed({ kid, endorsements }: PublishedKey, known: Iterable<Jwk>): Promise<boolean> {
  for (const by of known) {
    for (const jws of endorsements) if (await vouchesFor(by, kid, jws)) return true;
  }
  return false;
}

/**
 * The published keys that may be trusted on the word of those in `trusted`: these themselves, and whatever they or keys
 * they vouched for endorse. A trusted key that is published no longer is dropped, for a key that others hold is taken out of
 * the set. The keys alone say who it is: the service may move to another address. Empty: nothing that is published has to do with what is trusted, so it is another service.
 */
export async function followKeys(
  published: readonly PublishedKey[],
  trusted: readonly string[],
): Promise<readonly Jwk[]> {
  const known = new Map<string, Jwk>();
  let waiting: PublishedKey[] = [];
  for (const key of published) {
    if (!(await genuine(key))) continue;
    if (trusted.includes(key.kid)) known.set(key.kid, bare(key));
    else waiting.push(key);
  }
  for (let grew = known.size > 0; grew;) {
    grew = false;
    for (const key of waiting) {
      if (!(await isEndorsed(key, known.values()))) continue;
      known.set(key.kid, bare(key));
      grew = true;
    }
    waiting = waiting.filter(({ kid }) => !known.has(kid));
  }
  return Array.from(known.values());
}

/** Every published key whose name is its own: what is pinned when nothing is trusted yet. */
export async function allKeys(published: readonly PublishedKey[]): Promise<readonly Jwk[]> {
  const judged = await Promise.all(published.map(async (key) => ((await genuine(key)) ? [bare(key)] : [])));
  return judged.flat();
}
