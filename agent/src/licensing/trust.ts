import { fetchPublishedKeys } from '../server/published-keys.js';
import { UnreachableError } from '../server/unreachable.js';
import type { Jwk } from '../trust/jwk.js';
import { UntrustedError } from '../trust/signed.js';
import { allKeys, followKeys } from '../trust/trusted-keys.js';

/** Whom this panel believes. */
export interface Trust {
  readonly pins: readonly Jwk[];
  /** ISO 8601, when they were last compared with what is published. */
  readonly keysAt: string | null;
}

const kidsOf = ({ pins }: Trust): string[] => pins.map(({ kid }) => kid);

/**
 * Pins the keys that are published now: those that the vendor's own list vouches for or, where the panel was given none,
 * all of them. It is what an activation begins with.
 * @throws UnreachableError
 */
export async function pinPublished(
  server: string,
  trustedKeys: readonly string[],
  now: Date,
): Promise<Trust> {
  const published = await fetchPublishedKeys(server, now);
  const pins = trustedKeys.length === 0 ? await allKeys(published) : await followKeys(published, trustedKeys);
  if (pins.length > 0) return { pins, keysAt: now.toISOString() };
  throw new UnreachableError(
    `${server} signs with keys that this panel's vendor has not named; it is another server, or "trusted_keys" is out of date`,
  );
}

/**
 * The published keys that follow from the pinned ones.
 * @throws UnreachableError also when none does
 */
export async function followPublished(server: string, trust: Trust, now: Date): Promise<Trust> {
  const pins = await followKeys(await fetchPublishedKeys(server, now), kidsOf(trust));
  if (pins.length > 0) return { pins, keysAt: now.toISOString() };
  throw new UnreachableError(
    `${server} signs with keys that have nothing to do with those pinned when the license was activated; it is another ` +
      'server under the same name, or its keys were replaced. If your vendor confirms that, activate the license again',
  );
}

/**
 * Looks at something signed with the pinned keys and, when it is signed by a key that is not among them, once more with
 * those that the service publishes and a pinned one endorses.
 * @throws UnreachableError
 */
export async function withTrust<T>(
  server: string,
  trust: Trust,
  now: Date,
  look: (pins: readonly Jwk[]) => Promise<T>,
): Promise<{ readonly value: T; readonly trust: Trust }> {
  try {
    return { value: await look(trust.pins), trust };
  } catch (error) {
    if (!(error instanceof UntrustedError) || error.doubt !== 'unknown key') throw distrusted(server, error);
  }
  const followed = await followPublished(server, trust, now);
  try {
    return { value: await look(followed.pins), trust: followed };
  } catch (error) {
    throw distrusted(server, error);
  }
}

function distrusted(server: string, error: unknown): unknown {
  if (!(error instanceof UntrustedError)) return error;
  return new UnreachableError(`${server} can't be believed: ${error.message}`, { cause: error });
}
