import type { EntityManager } from 'typeorm';
import { authenticateAudit } from '../database/audit-mac.js';
import { recordAudit } from '../database/audit.js';
import type { SigningKeyRow } from '../database/entities/index.js';
import {
  bumpKeyRing,
  insertSigningKey,
  listDataKeys,
  lockKeyRing,
  readKeyRing,
  updateDataKey,
  updateSigningKey,
} from '../database/key-store.js';
import { SYSTEM } from '../domain/actor.js';
import { auditMac } from './audit-seal.js';
import { DataKeys } from './data-keys.js';
import { JWS_TYPES, signCompact } from './jws.js';
import { isUsable, listedAt } from './key-rules.js';
import type { MasterKey } from './master-key.js';
import { generateSigningKey, openSigningKey, UnusableKeyError } from './signing-key.js';

/** Caches of the key set and panels that ask once a day have seen a new key before it signs. */
const OVERLAP_IN_MS = 86_400_000;

export interface RotateSigningKeyOptions {
  readonly masterKey: MasterKey;
  readonly now: Date;
  readonly issuer: string;
  /** When the new key takes over; a day from now unless given. After a compromise it always signs at once. */
  readonly signsFrom?: Date;
  /** The `kid` of a key that others may hold: it is gone from the ring at once, with every endorsement it made. */
  readonly compromised?: string;
}

/**
 * Publishes a new signing key, endorsed by the listed ones before it; answers its `kid`. Throws `UnwrapError` for a wrong
 * master key and `UnusableKeyError` for an unknown compromised key; nothing is changed then.
 */
export async function rotateSigningKey(
  manager: EntityManager,
  { masterKey, now, issuer, signsFrom, compromised }: RotateSigningKeyOptions,
): Promise<{ kid: string }> {
  return manager.transaction(async (transaction) => {
    await lockKeyRing(transaction);
    const { keys } = await readKeyRing(transaction);
    // Opens every key, not just the endorsers: else a wrong master key could wrap the new key next to the others.
    const opened = new Map(keys.map((key) => [key.kid, openSigningKey(masterKey, key)]));
    if (compromised !== undefined) await buryKey(transaction, keys, compromised, now);

    const overlapEnd = signsFrom ?? new Date(now.getTime() + OVERLAP_IN_MS);
    const key = await generateSigningKey(masterKey, {
      createdAt: afterAll(keys, now),
      signsFrom: compromised === undefined ? overlapEnd : now,
    });
    const claims = { iss: issuer, sub: key.kid, iat: Math.floor(now.getTime() / 1_000) };
    const endorsers = listedAt(
      keys.filter(({ kid }) => kid !== compromised),
      now,
    );
    const endorsements = endorsers.flatMap(({ kid: by }) => {
      const privateKey = opened.get(by);
      return privateKey ? [{ by, jws: signCompact(privateKey, by, JWS_TYPES.key, claims) }] : [];
    });
    await insertSigningKey(transaction, { ...key, endorsements });
    await bumpKeyRing(transaction);
    await noteRotation(transaction, { kid: key.kid, signsFrom: key.signsFrom, compromised, now });
    return { kid: key.kid };
  });
}

/**
 * Re-wraps every data key and signing key, so that `to` opens what `from` opened; what they hold, and so every hash and
 * signature, stays. Running nodes go on with the keys in their memory and need `to` at their next start, and before the
 * next rotation of the signing key. Throws `UnwrapError` when `from` does not fit; nothing is changed then.
 */
export async function rotateMasterKey(
  manager: EntityManager,
  from: MasterKey,
  to: MasterKey,
  now: Date,
): Promise<void> {
  await manager.transaction(async (transaction) => {
    const { pepper } = await DataKeys.open(transaction, from);
    authenticateAudit(manager.dataSource, auditMac(pepper));
    for (const { name, wrapped } of await listDataKeys(transaction)) {
      await updateDataKey(
        transaction,
        name,
        to.wrap('data-key', name, from.unwrap('data-key', name, wrapped)),
      );
    }
    for (const { kid, wrappedPrivate } of (await readKeyRing(transaction)).keys) {
      const secret = from.unwrap('signing-key', kid, wrappedPrivate);
      await updateSigningKey(transaction, kid, { wrappedPrivate: to.wrap('signing-key', kid, secret) });
    }
    await bumpKeyRing(transaction);
    await recordAudit(transaction, SYSTEM, now, {
      action: 'master_key.rotated',
      subjectType: 'master_key',
      subjectId: null,
    });
  });
}

/** A new key is whoever holds the master key's doing: an operator's, or the service's own when it is due. */
async function noteRotation(
  transaction: EntityManager,
  {
    kid,
    signsFrom,
    compromised,
    now,
  }: { kid: string; signsFrom: Date; compromised: string | undefined; now: Date },
): Promise<void> {
  await recordAudit(transaction, SYSTEM, now, {
    action: 'signing_key.created',
    subjectType: 'signing_key',
    subjectId: kid,
    details: { signs_from: signsFrom },
  });
  if (compromised === undefined) return;
  await recordAudit(transaction, SYSTEM, now, {
    action: 'signing_key.compromised',
    subjectType: 'signing_key',
    subjectId: compromised,
    details: { replaced_by: kid },
  });
}

/** A panel must not trust a key on the word of one that anybody may hold. */
async function buryKey(
  transaction: EntityManager,
  keys: readonly SigningKeyRow[],
  compromised: string,
  now: Date,
): Promise<void> {
  const buried = keys.find(({ kid }) => kid === compromised);
  if (buried === undefined) throw new UnusableKeyError(compromised);
  if (isUsable(buried)) await updateSigningKey(transaction, compromised, { compromisedAt: now });
  for (const { kid, endorsements } of keys) {
    const kept = endorsements.filter(({ by }) => by !== compromised);
    if (kept.length < endorsements.length) await updateSigningKey(transaction, kid, { endorsements: kept });
  }
}

/** Keys are told apart as older and newer by this time, which clocks that disagree must not turn round. */
function afterAll(keys: readonly SigningKeyRow[], now: Date): Date {
  const newest = keys.at(-1)?.createdAt.getTime() ?? -Infinity;
  return new Date(Math.max(now.getTime(), newest + 1));
}
