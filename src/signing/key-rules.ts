import type { SigningKey } from './signing-key.js';

/** A public key as published; `endorsements` are compact JWS of its thumbprint by the keys before it. */
export interface PublishedKey {
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
  readonly endorsements: readonly string[];
  readonly [parameter: string]: unknown;
}

export interface JwkSet {
  readonly keys: readonly PublishedKey[];
}

/** A key that was stolen proves nothing, whenever it signed. */
export const isUsable = (key: SigningKey): boolean => key.compromisedAt === null;

/**
 * The key that signs at `now`: the newest usable one that has started. When a compromise leaves none that has, the newest
 * usable one starts early. Keys come oldest first.
 */
export function signerAt(keys: readonly SigningKey[], now: Date): SigningKey | undefined {
  const usable = keys.filter(isUsable);
  return usable.findLast(({ signsFrom }) => signsFrom <= now) ?? usable.at(-1);
}

/** The keys that a panel may need at `now`: those that sign, those that will, and those whose work can still be valid. */
export function listedAt(keys: readonly SigningKey[], now: Date): SigningKey[] {
  const signer = signerAt(keys, now);
  return keys.filter(
    (key) => isUsable(key) && (key === signer || key.signsFrom > now || now < key.coversUntil),
  );
}

const DAY_IN_MS = 86_400_000;

/** A panel that was away for some days has still seen the new key before it signs. */
const OVERLAP_DAYS = 7;

/**
 * When a new key is to take over so that none signs for more than `days`; null while it is too early to publish it, and
 * for 0 days, which stand for never. Keys come oldest first.
 */
export function rotationStart(keys: readonly SigningKey[], days: number, now: Date): Date | null {
  const newest = keys.findLast(isUsable);
  const signsFrom = new Date(now.getTime() + OVERLAP_DAYS * DAY_IN_MS);
  const end = (newest?.signsFrom.getTime() ?? 0) + days * DAY_IN_MS;
  return days > 0 && end <= signsFrom.getTime() ? signsFrom : null;
}

export const jwkSetAt = (keys: readonly SigningKey[], now: Date): JwkSet => ({
  keys: listedAt(keys, now).map(published),
});

const published = ({ kid, publicJwk, endorsements }: SigningKey): PublishedKey => ({
  ...publicJwk,
  kid,
  alg: 'EdDSA',
  use: 'sig',
  endorsements: endorsements.map(({ jws }) => jws),
});
