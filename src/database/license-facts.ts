import { toRecord, type FactsRow, type LicenseRecord } from './license-record.js';
import { unnestUnseen, type Run, type Statement } from './statements.js';

/** What a call says about itself, as far as facts are looked up by it. */
export interface FactsQuery {
  readonly by: { readonly keyHash: Buffer } | { readonly licenseId: string };
  readonly hardwareId: string | null;
  /** The version the panel runs, without build metadata; null where the call names none. */
  readonly precedence: string | null;
  readonly now: Date;
}

export type { LicenseRecord, Seat, StoredLease } from './license-record.js';

export interface LoadedFacts {
  /** The key ring's version as of this call: a node that holds another one reloads before it signs. */
  readonly ringVersion: string;
  /** Null when no such license exists, or the key is past its overlap. */
  readonly license: LicenseRecord | null;
}

/** How a form of the statement finds its licenses, and what it calls the rest of what it is asked by. */
interface Form {
  readonly name: string;
  /** What stands before the key ring in FROM. */
  readonly asked: string;
  readonly ord: string;
  readonly key: string;
  readonly hardwareId: string;
  readonly precedence: string;
}

/** One snapshot: what the rules need, and the ring's version even when there is no license. */
const factsStatement = ({ name, asked, ord, key, hardwareId, precedence }: Form): Statement => ({
  name,
  text: `
    select ${ord} as ord, ring.version as ring_version,
      l.id as license_id, l.customer_id, k.hint as key_hint, p.code as product, t.code as tier, l.status,
      l.max_activations, l.expires_at, l.updates_until, l.limits, l.features,
      (select count(*) from activations s where s.license_id = l.id and s.released_at is null) as active_seats,
      p.minimum_version as product_floor, t.minimum_version as policy_floor, l.minimum_version as license_floor,
      t.refresh_after_seconds, t.valid_for_seconds, t.grace_for_seconds,
      t.release_seat_after_days, t.rebind_quota, t.on_clone,
      r.released_at as running_released_at, r.security as running_security,
      exists (select 1 from blocklist b where b.hardware_id = ${hardwareId}) as hardware_blocked,
      a.id as seat_id, a.hardware_id, a.hostname, a.version as seat_version, a.activated_at, a.last_seen_at,
      a.last_seen_ip, a.offline_until, a.clone_suspected_at, a.presented_lease_id,
      a.lease_id, a.lease_kid, a.lease_seq, a.lease_issued_at, a.lease_refresh_after, a.lease_valid_until,
      a.lease_grace_until, a.lease_digest
    from ${asked} key_ring ring
    left join license_keys k on ${key}
    left join licenses l on l.id = k.license_id
    left join products p on p.id = l.product_id
    left join policies t on t.id = l.policy_id
    left join activations a on a.license_id = l.id and a.hardware_id = ${hardwareId} and a.released_at is null
    left join releases r on r.product_id = l.product_id and r.precedence = ${precedence} and r.published_at is not null`,
});

const ONE = { asked: '', ord: '1', hardwareId: '$2', precedence: '$3' };

const BY_KEY = factsStatement({
  ...ONE,
  name: 'license-facts-by-key',
  key: 'k.hash = $1::bytea and (k.expires_at is null or k.expires_at > $4::timestamptz)',
});
// `$4` must be named in both forms: the values are the same.
const BY_ID = factsStatement({
  ...ONE,
  name: 'license-facts-by-id',
  key: 'k.license_id = $1::uuid and k.expires_at is null and $4::timestamptz is not null',
});
const BY_KEYS = factsStatement({
  name: 'license-facts-by-keys',
  asked: `${unnestUnseen('$1::bytea[]', '$2::text[]', '$3::text[]', '$4::timestamptz[]')} with ordinality
      as asked (hash, hardware_id, precedence, now, ord) cross join`,
  ord: 'asked.ord::int',
  key: 'k.hash = asked.hash and (k.expires_at is null or k.expires_at > asked.now)',
  hardwareId: 'asked.hardware_id',
  precedence: 'asked.precedence',
});

/** Loads everything a decision about one license needs; decides nothing. */
export async function loadLicenseFacts(run: Run, query: FactsQuery): Promise<LoadedFacts> {
  const [statement, key] =
    'keyHash' in query.by ? ([BY_KEY, query.by.keyHash] as const) : ([BY_ID, query.by.licenseId] as const);
  const { rows } = await run<FactsRow>(statement, [key, query.hardwareId, query.precedence, query.now]);
  return toFacts(rows[0]);
}

/** The same for calls that came in together, in their order: each of them was there before the statement began. */
export async function loadLicenseFactsTogether(
  run: Run,
  queries: readonly (FactsQuery & { readonly by: { readonly keyHash: Buffer } })[],
): Promise<LoadedFacts[]> {
  const { rows } = await run<FactsRow>(BY_KEYS, [
    queries.map(({ by }) => by.keyHash),
    queries.map(({ hardwareId }) => hardwareId),
    queries.map(({ precedence }) => precedence),
    queries.map(({ now }) => now),
  ]);
  const byOrd = new Map(rows.map((row) => [row.ord, row]));
  return queries.map((_, index) => toFacts(byOrd.get(index + 1)));
}

function toFacts(row: FactsRow | undefined): LoadedFacts {
  if (row === undefined) throw new Error('The key_ring row is missing');
  return {
    ringVersion: row.ring_version,
    license: row.license_id === null ? null : toRecord(row.license_id, row),
  };
}

const RING_VERSION: Statement = { name: 'ring-version', text: 'select version from key_ring' };

/** The key ring's version alone, for what is signed without a license. */
export async function loadRingVersion(run: Run): Promise<string> {
  const { rows } = await run<{ version: string }>(RING_VERSION, []);
  if (rows[0] === undefined) throw new Error('The key_ring row is missing');
  return rows[0].version;
}
