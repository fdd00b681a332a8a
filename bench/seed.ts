import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { OpenKeys } from '../src/signing/open-keys.js';
import { leaseDigest } from './built.ts';

/** A license of the benchmark, as a panel knows it. */
export interface Sold {
  readonly key: string;
  readonly hardwareId: string;
  readonly keyHash: string;
  readonly leaseDigest: string;
}

const LIMITS = { accounts: 100 };
const FEATURES = ['backup'];
const LEASE = { refreshAfterSeconds: 86_400, validForSeconds: 259_200, graceForSeconds: 1_209_600 };

const CHUNK = 10_000;

/** Keys in a form of their own: they are looked up, as every key with a good checksum is. */
const makeSold = (keys: OpenKeys): Sold => {
  const key = `BENCH-${randomBytes(10).toString('hex').toUpperCase()}`;
  const hardwareId = randomBytes(32).toString('hex');
  const terms = {
    hardwareId,
    product: 'bench',
    tier: 'bench',
    versionFloor: null,
    limits: LIMITS,
    features: FEATURES,
    licenseExpiresAt: null,
    updatesUntil: null,
  };
  return {
    key,
    hardwareId,
    keyHash: keys.pepper.hash('license-key', key).toString('hex'),
    leaseDigest: leaseDigest(terms, LEASE),
  };
};

/** One product, one policy, `count` licenses with a seat each. */
export async function seed(dataSource: DataSource, keys: OpenKeys, count: number): Promise<Sold[]> {
  const [product, policy] = [randomUUID(), randomUUID()];
  const kid = keys.keyRing.signer(new Date()).kid;
  await dataSource.query(`insert into products values ($1, 'bench', 'Bench', 'NOPE', null, now(), now())`, [
    product,
  ]);
  await dataSource.query(
    `insert into policies values ($1, 'bench', 'Bench', '{"accounts": 100}', '["backup"]', null, null, null, null,
      86400, 259200, 1209600, null, 3, 'report', now(), now())`,
    [policy],
  );
  const sold: Sold[] = [];
  while (sold.length < count) {
    const chunk = Array.from({ length: Math.min(CHUNK, count - sold.length) }, () => makeSold(keys));
    await dataSource.query(
      `with given as (
        select gen_random_uuid() as id, decode(hash, 'hex') as hash, hardware_id, digest
          from unnest($1::text[], $2::text[], $6::text[]) as t(hash, hardware_id, digest)
      ), l as (
        insert into licenses (id, product_id, policy_id, status, max_activations, limits, features, created_at, updated_at)
          select id, $3, $4, 'active', 1000000, '{"accounts": 100}', '["backup"]', now(), now() from given
      ), k as (
        insert into license_keys select hash, id, 'BENCH-****-0000', now(), null from given
      )
      insert into activations (id, license_id, hardware_id, version, activated_at, last_seen_at, lease_id, lease_kid,
          lease_seq, lease_issued_at, lease_refresh_after, lease_valid_until, lease_grace_until, lease_digest)
        select gen_random_uuid(), id, hardware_id, '1.0.0', now(), now(), gen_random_uuid(), $5, 1,
          now() - interval '1 day', now(), now() + interval '2 days', now() + interval '13 days', digest
        from given`,
      [
        chunk.map((one) => one.keyHash),
        chunk.map((one) => one.hardwareId),
        product,
        policy,
        kid,
        chunk.map((one) => one.leaseDigest),
      ],
    );
    sold.push(...chunk);
  }
  await dataSource.query('vacuum analyze');
  return sold;
}
