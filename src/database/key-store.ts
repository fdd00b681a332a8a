import type { EntityManager } from 'typeorm';
import { DataKeyRow, SigningKeyRow } from './entities/index.js';

export interface StoredKeyRing {
  /** Grows with every change of the ring; a bigint, so text. */
  readonly version: string;
  /** Oldest first, compromised ones included. */
  readonly keys: SigningKeyRow[];
}

/**
 * Makes the caller the only one to change keys until its transaction ends. The row is the lock of data keys too, for a
 * key made under the old master key while another node re-wraps the rest could never be read again.
 */
export async function lockKeyRing(manager: EntityManager): Promise<void> {
  // Outside a transaction the lock would end with the statement, and nobody would notice.
  if (!manager.queryRunner?.isTransactionActive) throw new Error('No transaction is open');
  await manager.query('insert into key_ring (version) values (1) on conflict do nothing');
  await manager.query('select 1 from key_ring for update');
}

/** Tells every node to load the ring again: each sees the new version with its next facts. */
export async function bumpKeyRing(manager: EntityManager): Promise<void> {
  await manager.query('update key_ring set version = version + 1');
}

/** Version and keys of one moment: two statements could pair a new version with the keys before it, for good. */
export async function readKeyRing(manager: EntityManager): Promise<StoredKeyRing> {
  const rows = await manager.query<(SigningKeyRow & { version: string })[]>(
    `select r.version, k.kid, k.public_jwk as "publicJwk", k.wrapped_private as "wrappedPrivate",
            k.created_at as "createdAt", k.signs_from as "signsFrom", k.covers_until as "coversUntil",
            k.compromised_at as "compromisedAt", k.endorsements
       from key_ring r left join signing_keys k on true
      order by k.created_at, k.kid`,
  );
  return {
    version: rows[0]?.version ?? '0',
    // A ring without keys is one row of nulls.
    keys: rows.filter(({ kid }) => kid !== null),
  };
}

export async function insertSigningKey(manager: EntityManager, key: SigningKeyRow): Promise<void> {
  await manager.insert(SigningKeyRow, { ...key, publicJwk: key.publicJwk as object });
}

/** Writes what can change about a key besides its cover. */
export async function updateSigningKey(
  manager: EntityManager,
  kid: string,
  change: Partial<Pick<SigningKeyRow, 'wrappedPrivate' | 'compromisedAt' | 'endorsements'>>,
): Promise<void> {
  await manager.update(SigningKeyRow, { kid }, change);
}

/** Moves the end of what a key covers to `until`, never back; answers where it is now, null for an unknown key. */
export async function extendCover(manager: EntityManager, kid: string, until: Date): Promise<Date | null> {
  const [rows] = await manager.query<[{ coversUntil: Date }[], number]>(
    `update signing_keys set covers_until = greatest(covers_until, $2)
      where kid = $1 returning covers_until as "coversUntil"`,
    [kid, until],
  );
  return rows[0]?.coversUntil ?? null;
}

export const listDataKeys = (manager: EntityManager): Promise<DataKeyRow[]> => manager.find(DataKeyRow);

export async function insertDataKey(manager: EntityManager, name: string, wrapped: Buffer): Promise<void> {
  await manager.insert(DataKeyRow, { name, wrapped });
}

export async function updateDataKey(manager: EntityManager, name: string, wrapped: Buffer): Promise<void> {
  await manager.update(DataKeyRow, { name }, { wrapped });
}
