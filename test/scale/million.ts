import { Client } from 'pg';

/** How many licenses there are, with a key, a seat and an event in the audit log each. */
export const MILLION = 1_000_000;

/** The codes of what is sold; nearly everything is of the first product. */
const PRODUCTS = ['scale', 'rare', 'unsold'] as const;

const LEASES = `gen_random_uuid(), 'kid', 1, now(), now() + interval '1 day', now() + interval '3 days', now() + interval '14 days', 'digest'`;

/** Ids that sort as they were made: the kind of row, then its number. */
const id = (kind: number, number: string) =>
  `('0180000${kind}-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;

const hash = (text: string) => `sha256((${text})::text::bytea)`;

/** As long ago as the number is far from the last: the newest row is some minutes old. */
const ago = (number: string, last = MILLION) => `now() - (${last} - ${number} + 5) * interval '1 minute'`;

const rows = (count: number) => `from generate_series(1, ${count}) i`;

/** One statement a table. What points to a table comes after it, though nothing checks that here. */
const TABLES: Readonly<Record<string, string>> = {
  products: `insert into products (id, code, name, key_prefix, created_at, updated_at)
    select ${id(1, 'i')}, code, code, 'NOPE' || i, now(), now()
    from unnest(array['${PRODUCTS.join(`','`)}']) with ordinality as product (code, i)`,
  policies: `insert into policies (id, code, name, refresh_after_seconds, valid_for_seconds, grace_for_seconds,
      release_seat_after_days, rebind_quota, on_clone, created_at, updated_at)
    select ${id(2, 'i')}, 'scale-' || i, 'Scale', 86400, 259200, 1209600, case when i = 1 then 30 end, 3, 'report',
      now(), now() ${rows(4)}`,
  customers: `insert into customers (id, name, email, created_at, updated_at)
    select ${id(3, 'i')}, 'Customer ' || i, 'c' || i || '@example.test', ${ago('i', 100_000)}, now() ${rows(100_000)}`,
  users: `insert into users (id, username, email, role, status, customer_id, created_at, updated_at)
    select ${id(4, 'i')}, 'user-' || i, 'u' || i || '@example.test', 'customer', 'active', ${id(3, 'i')},
      ${ago('i', 100_000)}, now() ${rows(100_000)}`,
  sessions: `insert into sessions (hash, id, user_id, created_at, expires_at, last_seen_at, origin)
    select ${hash(`'session' || i`)}, ${id(5, 'i')}, ${id(4, 'i')}, now(), now() + i * interval '1 second', now(),
      'password' ${rows(100_000)}`,
  sso_nonces: `insert into sso_nonces (hash, user_id, target_path, minter_type, created_at, expires_at)
    select ${hash(`'nonce' || i`)}, ${id(4, 'i')}, '/', 'system', now(), now() + i * interval '1 second' ${rows(50_000)}`,
  failed_proofs: `insert into failed_proofs (user_id, purpose, network, failures, since)
    select ${id(4, 'i')}, 'login', '192.0.2.1', 1, now() + i * interval '1 second' ${rows(50_000)}`,
  api_keys: `insert into api_keys (id, name, hash, key_prefix, permissions, ip_whitelist, enabled, created_at, updated_at)
    select ${id(6, 'i')}, 'Key ' || i, ${hash(`'api' || i`)}, 'mk_' || i, '{read}', '{}', true, now(), now() ${rows(50_000)}`,
  idempotency_keys: `insert into idempotency_keys (hash, request_hash, answer, mentions, created_at, expires_at)
    select ${hash(`'idempotency' || i`)}, ${hash('i')}, 'answer', array[${id(7, 'i')}], now(),
      now() + i * interval '1 second' ${rows(100_000)}`,
  licenses: `insert into licenses (id, product_id, policy_id, customer_id, status, max_activations, expires_at,
      updates_until, limits, features, created_at, updated_at)
    select ${id(7, 'i')}, case when i % 1000 = 0 then ${id(1, '2')} else ${id(1, '1')} end, ${id(2, '1 + i % 4')},
      case when i % 2 = 0 then ${id(3, '1 + i % 100000')} end,
      case when i % 100 = 0 then 'suspended' when i % 100 = 1 then 'revoked' else 'active' end, 1 + i % 3,
      case when i % 2 = 0 then now() + (i - ${MILLION / 2}) * interval '2 minutes' end,
      case when i % 2 = 1 then now() + (i - ${MILLION / 2}) * interval '2 minutes' end,
      '{"accounts": 100}', '["backup"]', ${ago('i')}, ${ago('i')} ${rows(MILLION)}`,
  license_keys: `insert into license_keys (hash, license_id, hint, created_at, expires_at)
    select ${hash('i')}, ${id(7, `1 + (i - 1) % ${MILLION}`)}, 'SCALE-****-' || i, now(),
      case when i > ${MILLION} then now() + (i - ${MILLION}) * interval '1 minute' end ${rows(MILLION + 20_000)}`,
  license_notices: `insert into license_notices (license_id, expires_at, days, told_at)
    select id, expires_at, 0, now() from licenses where expires_at < now() and expires_at > now() - interval '200 days'`,
  activations: `insert into activations (id, license_id, hardware_id, hostname, version, usage, last_seen_ip,
      activated_at, last_seen_at, released_at, release_reason, clone_suspected_at, lease_id, lease_kid, lease_seq,
      lease_issued_at, lease_refresh_after, lease_valid_until, lease_grace_until, lease_digest)
    select ${id(8, 'i')}, ${id(7, `1 + (i - 1) % ${MILLION}`)}, encode(${hash('i')}, 'hex'), 'panel-' || i,
      '1.' || i % 40 || '.0', '{"accounts": 10}', '192.0.2.1', ${ago('i', MILLION + 200_000)},
      now() - (i % 86400) * interval '1 second', case when i > ${MILLION} then ${ago('i', MILLION + 200_000)} end,
      case when i > ${MILLION} then 'deactivated' end, case when i % 10000 = 0 and i <= ${MILLION} then now() end,
      ${LEASES} ${rows(MILLION + 200_000)}`,
  rebinds: `insert into rebinds (id, license_id, from_hardware_id, to_hardware_id, moved_at)
    select ${id(9, 'i')}, ${id(7, 'i * 5')}, encode(${hash('i')}, 'hex'), encode(${hash('-i')}, 'hex'), ${ago('i * 5')}
    ${rows(200_000)}`,
  blocklist: `insert into blocklist (id, hardware_id, created_at, updated_at)
    select gen_random_uuid(), encode(${hash('-i')}, 'hex'), now(), now() ${rows(50_000)}`,
  releases: `insert into releases (id, product_id, version, precedence, channel, status, mandatory, security,
      rollout_percent, released_at, published_at, created_at, updated_at)
    select gen_random_uuid(), ${id(1, '1 + i % 2')}, '1.' || i || '.0', '1.' || i || '.0', 'stable', 'published', false,
      false, 100, now(), now() - (20000 - i) * interval '1 hour', now(), now() ${rows(20_000)}`,
  artifacts: `insert into artifacts (id, release_id, filename, size, sha256, storage_key, created_at)
    select gen_random_uuid(), id, 'panel.tar', 1, 'x', 'x', now() from releases`,
  download_tokens: `insert into download_tokens (hash, license_id, artifact_id, activation_id, created_at, expires_at)
    select ${hash(`'token' || i`)}, ${id(7, 'i')}, (array(select id from artifacts order by id limit 1000))[1 + i % 1000],
      ${id(8, 'i')}, now(), now() + i * interval '1 second' ${rows(100_000)}`,
  events: `insert into events (id, type, occurred_at, customer_id, data, dispatched_at)
    select gen_random_uuid(), 'license.updated', ${ago('i', 300_000)}, ${id(3, '1 + i % 100000')}, '{}', now()
    ${rows(300_000)}`,
  webhooks: `insert into webhooks (id, url, events, enabled, sealed_secret, created_at, updated_at)
    select ${id(1, '100 + i')}, 'https://receiver.example.test/' || i, '{customer.*}', i = 1, 'x', now(), now() ${rows(3)}`,
  webhook_deliveries: `insert into webhook_deliveries (id, event_id, webhook_id, status, next_attempt_at, created_at,
      completed_at)
    select gen_random_uuid(), id, ${id(1, '102')}, case when n % 100 = 0 then 'pending' else 'delivered' end,
      case when n % 100 = 0 then occurred_at end, occurred_at, case when n % 100 > 0 then occurred_at end
    from (select *, row_number() over (order by occurred_at) as n from events) numbered`,
  webhook_attempts: `insert into webhook_attempts (id, delivery_id, attempted_at, duration_ms, status_code)
    select gen_random_uuid(), id, created_at, 5, 200 from webhook_deliveries`,
  refusal_notices: `insert into refusal_notices (license_id, code, hour)
    select ${id(7, 'i')}, 'EXPIRED', date_trunc('hour', now()) - i % 24 * interval '1 hour' ${rows(100_000)}`,
  audit_events: `insert into audit_events (id, occurred_at, actor_type, actor_id, action, subject_type, subject_id,
      details, request_id, mac)
    select ${id(9, 'i')}, ${ago('i')}, case when i % 100 = 0 then 'user' when i % 100 < 4 then 'api_key' else 'panel' end,
      ${id(7, '1 + i / 10')}::text,
      case when i % 10000 = 0 then 'license.revoked' else (array['license.created','license.updated','activation.created','activation.released'])[1 + i % 4] end,
      (array['license','license','activation','activation'])[1 + i % 4], ${id(7, 'i')}::text,
      case when i % 4 = 0 then jsonb_build_object('customer_id', ${id(3, '1 + i % 100000')}) else '{}' end,
      'req-' || i, 'mac' ${rows(MILLION)}`,
  audit_personal: `insert into audit_personal (event_id, salt, data)
    select ${id(9, 'i * 4')}, 'salt', '{"address": "192.0.2.1"}' ${rows(MILLION / 4)}`,
  audit_chain: `insert into audit_chain (seq, event_id, previous_hash, hash, sealed_at)
    select i + coalesce((select max(seq) from audit_chain), 0), ${id(9, 'i')}, 'before', 'hash', ${ago('i')} ${rows(MILLION)}`,
  verdict_counts: `insert into verdict_counts (day, product, action, code, count)
    select current_date - day, product, action, code, 1000
    from generate_series(0, 799) day, unnest(array['${PRODUCTS.join(`','`)}']) product,
      unnest(array['activate','validate','deactivate','rebind','update']) action,
      unnest(array['VALID','EXPIRED','REVOKED','SUSPENDED','HARDWARE_MISMATCH','MAX_ACTIVATIONS']) code`,
  license_days: `insert into license_days (day, product, licenses, active_licenses, seats)
    select current_date - day, product, 1, 1, 1
    from generate_series(0, 2999) day, unnest(array['${PRODUCTS.join(`','`)}']) product`,
};

/** What a vendor makes by hand, or a few rows a day: it can be looked through. */
const OF_THE_VENDOR = new Set([
  'products',
  'policies',
  'releases',
  'artifacts',
  'blocklist',
  'api_keys',
  'webhooks',
  'license_days',
  'verdict_counts',
]);

/** Tables that every sale, call or person adds to: none of them may be read whole to answer somebody. */
export const GROWING = Object.keys(TABLES).filter((table) => !OF_THE_VENDOR.has(table));

const idOf = (kind: number, number: number) =>
  `0180000${kind}-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

/** A license of the million, and what belongs to it. */
export const one = (number: number) => ({
  licenseId: idOf(7, number),
  customerId: idOf(3, 1 + (number % 100_000)),
  auditId: idOf(9, number),
});

/** The subscription that all deliveries are of. */
export const WEBHOOK_ID = idOf(1, 102);

/** Fills a database as years of use would, in a minute: nothing is checked row by row, and indexes are made at the end. */
export async function fillWithAMillion(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('begin');
    await client.query(`set local session_replication_role = 'replica'`);
    await client.query(`set local maintenance_work_mem = '256MB'`);
    const { rows: indexes } = await client.query<{ name: string; definition: string }>(
      `select indexname as name, indexdef as definition from pg_indexes
       where schemaname = 'public' and tablename = any($1)
         and indexname not in (select conname from pg_constraint)`,
      [GROWING],
    );
    for (const { name } of indexes) await client.query(`drop index ${name}`);
    for (const insert of Object.values(TABLES)) await client.query(insert);
    for (const { definition } of indexes) await client.query(definition);
    await client.query('commit');
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}
