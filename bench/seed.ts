import type { PoolClient } from 'pg';
import type { OpenKeys } from '../src/signing/open-keys.js';
import { copyRows, leaseDigest, maskLicenseKey } from './built.ts';
import { hardwareId, licenseId, licenseKey, PREFIX, PRODUCT, seatId, VERSION } from './data-set.ts';
import { seedReleases } from './seed-releases.ts';

const PRODUCT_ID = '01900000-0000-7000-8100-000000000000';
const POLICY_ID = '01900000-0000-7000-8200-000000000000';
const LIMITS = { accounts: 100 };
const FEATURES = ['backup'];
const LEASE = { refreshAfterSeconds: 86_400, validForSeconds: 259_200, graceForSeconds: 1_209_600 };
/** Activations are measured on licenses that always have a seat left. */
const SEATS = 1_000_000;

type Row = Parameters<typeof copyRows>[2] extends AsyncIterable<infer Values> ? Values : never;

const KEPT_AT_A_TIME = 100_000;

async function* rows(from: number, to: number, rowOf: (index: number) => Row): AsyncGenerator<Row> {
  for (let index = from; index < to; index++) yield rowOf(index);
}

/** Sold one a second, so that the list of licenses has an order. */
const soldAt = (now: Date, index: number, count: number) => new Date(now.getTime() - (count - index) * 1_000);

function tables(keys: OpenKeys, count: number, now: Date) {
  const kid = keys.keyRing.signer(now).kid;
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1_000);
  const [refreshAfter, validUntil, graceUntil] = [
    LEASE.refreshAfterSeconds,
    LEASE.validForSeconds,
    LEASE.graceForSeconds,
  ].map(after) as [Date, Date, Date];
  const digestOf = (hardware: string) =>
    leaseDigest(
      {
        hardwareId: hardware,
        product: PRODUCT,
        tier: 'bench',
        versionFloor: null,
        limits: LIMITS,
        features: FEATURES,
        licenseExpiresAt: null,
        updatesUntil: null,
      },
      LEASE,
    );
  return [
    {
      target: `licenses (id, product_id, policy_id, status, max_activations, limits, features, created_at, updated_at)`,
      rowOf: (index: number): Row => {
        const sold = soldAt(now, index, count);
        return [licenseId(index), PRODUCT_ID, POLICY_ID, 'active', SEATS, LIMITS, FEATURES, sold, sold];
      },
    },
    {
      target: `license_keys (hash, license_id, hint, created_at)`,
      rowOf: (index: number): Row => {
        const key = licenseKey(index) as Parameters<typeof maskLicenseKey>[0];
        const hash = keys.pepper.hash('license-key', key);
        return [hash, licenseId(index), maskLicenseKey(key), soldAt(now, index, count)];
      },
    },
    {
      target: `activations (id, license_id, hardware_id, version, activated_at, last_seen_at, lease_id, lease_kid, lease_seq,
        lease_issued_at, lease_refresh_after, lease_valid_until, lease_grace_until, lease_digest)`,
      rowOf: (index: number): Row => {
        const hardware = hardwareId(index);
        // The seat's own id does for its lease.
        const id = seatId(index);
        const lease = [id, kid, now.getTime(), now, refreshAfter, validUntil, graceUntil, digestOf(hardware)];
        return [id, licenseId(index), hardware, VERSION, now, now, ...lease];
      },
    },
  ];
}

async function sellPolicy(client: PoolClient, now: Date): Promise<void> {
  await client.query(
    `insert into products (id, code, name, key_prefix, created_at, updated_at) values ($1, $2, 'Bench', $3, $4, $4)`,
    [PRODUCT_ID, PRODUCT, PREFIX, now],
  );
  await client.query(
    `insert into policies (id, code, name, limits, features, refresh_after_seconds, valid_for_seconds, grace_for_seconds,
      rebind_quota, on_clone, created_at, updated_at) values ($1, 'bench', 'Bench', $2, $3, $4, $5, $6, 3, 'report', $7, $7)`,
    [POLICY_ID, LIMITS, JSON.stringify(FEATURES), ...Object.values(LEASE), now],
  );
}

/** One product with its releases, one policy, `count` licenses with a key and a seat each, whose leases are fresh. */
export async function seed(
  client: PoolClient,
  keys: OpenKeys,
  { count, progress }: { readonly count: number; readonly progress: (sold: number) => void },
): Promise<void> {
  const now = new Date();
  await client.query('set statement_timeout = 0');
  await sellPolicy(client, now);
  await seedReleases(client, PRODUCT_ID, now);
  // What refers to what is true by construction: fifteen million look-ups of it would take longer than all the rest.
  const trusted = await client.query('set session_replication_role = replica').then(
    () => true,
    () => false,
  );
  for (let from = 0; from < count; from += KEPT_AT_A_TIME) {
    const to = Math.min(from + KEPT_AT_A_TIME, count);
    for (const { target, rowOf } of tables(keys, count, now)) {
      await copyRows(client, target, rows(from, to, rowOf));
    }
    progress(to);
  }
  if (trusted) await client.query('set session_replication_role = origin');
  await client.query('vacuum analyze');
  await client.query('checkpoint');
}
