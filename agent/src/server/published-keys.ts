import * as v from 'valibot';
import type { PublishedKey } from '../trust/jwk.js';
import { callService } from './http.js';
import { UnreachableError } from './unreachable.js';

const KEY = v.object({
  kty: v.literal('OKP'),
  crv: v.literal('Ed25519'),
  x: v.pipe(v.string(), v.maxLength(64)),
  kid: v.pipe(v.string(), v.maxLength(64)),
  endorsements: v.optional(v.pipe(v.array(v.string()), v.maxLength(1_000)), []),
});

/** A set may hold keys of a kind that is not known here: they are passed over. */
const KEY_SET = v.object({ keys: v.pipe(v.array(v.unknown()), v.maxLength(1_000)) });

/** The keys in a JWK Set; null when it is none. */
export function readKeySet(set: unknown): readonly PublishedKey[] | null {
  const parsed = v.safeParse(KEY_SET, set);
  if (!parsed.success) return null;
  return parsed.output.keys.flatMap((key) => {
    const read = v.safeParse(KEY, key);
    return read.success ? [read.output] : [];
  });
}

/** The keys that the service publishes. @throws UnreachableError */
export async function fetchPublishedKeys(server: string, now: Date): Promise<readonly PublishedKey[]> {
  const call = { server, method: 'GET', path: '/license/keys', now } as const;
  const { status, body, retryAfterSeconds } = await callService(call);
  const keys = status === 200 ? readKeySet(body) : null;
  if (keys !== null && keys.length > 0) return keys;
  throw new UnreachableError(
    status === 429 || status >= 500
      ? `${server} can't answer now (${status})`
      : `${server} publishes no license keys (${status}); check the address of the license server`,
    { retryAfterSeconds },
  );
}
