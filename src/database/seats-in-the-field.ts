import { Activation, License, LicenseKey, Product } from './entities/index.js';
import { containing, listPage, type ListManager, type PageRequest } from './list.js';
import type { ListRun, ListStatement } from './statements.js';

/** A version that panels run, with how many seats do. */
export interface VersionInField {
  readonly product: string;
  readonly version: string;
  readonly seats: number;
  readonly lastSeenAt: Date;
}

/** The names that versions can be sorted by. */
export const FIELD_SORTED = { seats: 'seats', version: 'version', last_seen_at: 'last_seen_at' } as const;

const FOUND = `select p.code as product, a.version, count(*)::int as seats, max(a.last_seen_at) as last_seen_at
  from activations a
  join licenses l on l.id = a.license_id
  join products p on p.id = l.product_id
  where a.released_at is null and ($1::text is null or p.code = $1)
    and ($2::text is null or a.version ilike $2 or p.code ilike $2)
  group by p.code, a.version`;

/** The same as it was last counted. */
const KEPT = `select product, version, seats, last_seen_at from field_counts
  where ($1::text is null or product = $1) and ($2::text is null or version ilike $2 or product ilike $2)`;

/** The statements of a list over either of them. */
const listOf = (prefix: string, found: string) => ({
  pages: new Map<string, ListStatement>(
    Object.entries(FIELD_SORTED).flatMap(([field, column]) =>
      (['ASC', 'DESC'] as const).map((direction) => [
        `${field} ${direction}`,
        {
          isForLists: true,
          name: `${prefix}-by-${field}-${direction}`,
          text: `select product, version, seats, last_seen_at as "lastSeenAt" from (${found}) found
            order by ${column} ${direction}, product, version limit $3 offset $4`,
        },
      ]),
    ),
  ),
  count: {
    isForLists: true,
    name: `${prefix}-count`,
    text: `select count(*)::int as total from (${found}) found`,
  } satisfies ListStatement,
});

const LISTS = { now: listOf('field', FOUND), kept: listOf('kept-field', KEPT) } as const;

/** One page of the versions on the seats in use, now or as they were last counted, and how many versions there are in all. */
export async function listVersionsInField(
  run: ListRun,
  when: keyof typeof LISTS,
  { q, order, per_page, offset }: PageRequest,
  product?: string,
): Promise<[VersionInField[], number]> {
  const { pages, count } = LISTS[when];
  const page = pages.get(`${order.field} ${order.direction}`);
  if (page === undefined) throw new Error(`No column is sorted as ${order.field}`);
  const asked = [product ?? null, q === undefined ? null : containing(q)];
  const { rows } = await run<VersionInField>(page, [...asked, per_page, offset]);
  // A page that is not full ends the list: the whole need not be counted.
  if (rows.length < per_page && (rows.length > 0 || offset === 0)) return [rows, offset + rows.length];
  const [counted] = (await run<{ total: number }>(count, asked)).rows;
  return [rows, counted?.total ?? 0];
}

/** A seat that two machines seem to share, with the license that it is of. */
export interface CloneSuspect {
  readonly seat: Activation;
  readonly licenseId: string;
  readonly keyHint: string;
  readonly product: string;
}

/** The names that suspects can be sorted by. */
export const CLONES_SORTED = {
  clone_suspected_at: 'seat.cloneSuspectedAt',
  last_seen_at: 'seat.lastSeenAt',
} as const;

const LICENSES_OF: ListStatement = {
  isForLists: true,
  name: 'licenses-of-suspects',
  text: `select l.id, k.hint, p.code as product from licenses l
    join products p on p.id = l.product_id
    join license_keys k on k.license_id = l.id and k.expires_at is null
    where l.id = any($1::uuid[])`,
};

/** One page of the suspects among the seats in use, and how many there are in all. */
export async function listClones(
  manager: ListManager,
  run: ListRun,
  request: PageRequest,
  product?: string,
): Promise<[CloneSuspect[], number]> {
  const builder = manager
    .createQueryBuilder(Activation, 'seat')
    .innerJoin(License, 'license', 'license.id = seat.licenseId')
    .innerJoin(Product, 'product', 'product.id = license.productId')
    .innerJoin(LicenseKey, 'key', 'key.licenseId = license.id and key.expiresAt is null')
    .where('seat.cloneSuspectedAt is not null and seat.releasedAt is null');
  const [seats, total] = await listPage(builder, request, {
    searched: ['seat.hardwareId', 'seat.hostname', 'key.hint', 'product.code'],
    sorted: CLONES_SORTED,
    filtered: { 'product.code': product },
  });
  const ids = seats.map(({ licenseId }) => licenseId);
  const { rows } = await run<{ id: string; hint: string; product: string }>(LICENSES_OF, [ids]);
  const licenses = new Map(rows.map((row) => [row.id, row]));
  const suspects = seats.flatMap((seat) => {
    const license = licenses.get(seat.licenseId);
    if (license === undefined) return [];
    return [{ seat, licenseId: license.id, keyHint: license.hint, product: license.product }];
  });
  return [suspects, total];
}

const ATTENTION: ListStatement = {
  isForLists: true,
  name: 'stats-attention',
  text: `select
      (select count(*) from licenses l join products p on p.id = l.product_id
        where l.status = 'active' and l.expires_at > $1 and l.expires_at <= $2
          and ($3::text is null or p.code = $3))::int as expiring,
      (select count(*) from activations a join licenses l on l.id = a.license_id join products p on p.id = l.product_id
        where a.clone_suspected_at is not null and a.released_at is null
          and ($3::text is null or p.code = $3))::int as clones`,
};

/** How many licenses end between the two instants, and how many seats are suspected. */
export async function countAttention(
  run: ListRun,
  now: Date,
  until: Date,
  product?: string,
): Promise<{ expiring: number; clones: number }> {
  const [row] = (await run<{ expiring: number; clones: number }>(ATTENTION, [now, until, product ?? null]))
    .rows;
  return row ?? { expiring: 0, clones: 0 };
}
