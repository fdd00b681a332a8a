import { License, LicenseKey } from './entities/index.js';
import { listPage, type ListManager, type PageRequest } from './list.js';
import type { ListRun, ListStatement } from './statements.js';

/** A license as an admin sees it: with the codes of what it belongs to, the hint of its key and its seats in use. */
export interface LicenseView extends Omit<License, 'productId' | 'policyId'> {
  readonly keyHint: string;
  readonly product: string;
  readonly policy: string;
  readonly activeSeats: number;
}

const LICENSE_VIEWS: ListStatement = {
  isForLists: true,
  name: 'license-views',
  text: `select l.id, k.hint as "keyHint", p.code as product, t.code as policy, l.customer_id as "customerId", l.status,
      l.status_reason as "statusReason", l.max_activations as "maxActivations",
      (select count(*) from activations a where a.license_id = l.id and a.released_at is null)::int as "activeSeats",
      l.expires_at as "expiresAt", l.updates_until as "updatesUntil", l.minimum_version as "minimumVersion",
      l.limits, l.features, l.metadata, l.created_at as "createdAt", l.updated_at as "updatedAt"
    from unnest($1::uuid[]) with ordinality as asked (id, place)
    join licenses l on l.id = asked.id
    join products p on p.id = l.product_id
    join policies t on t.id = l.policy_id
    join license_keys k on k.license_id = l.id and k.expires_at is null
    order by asked.place`,
};

/** The licenses of these ids in their order, without those that are no more. */
export async function loadLicenseViews(run: ListRun, ids: readonly string[]): Promise<LicenseView[]> {
  return (await run<LicenseView>(LICENSE_VIEWS, [ids])).rows;
}

/** The names that licenses can be sorted by. */
export const LICENSES_SORTED = {
  created_at: 'license.createdAt',
  updated_at: 'license.updatedAt',
  expires_at: 'license.expiresAt',
  updates_until: 'license.updatesUntil',
  status: 'license.status',
} as const;

export interface LicenseFilters {
  /** A code, as is `policy`. */
  readonly product?: string;
  readonly policy?: string;
  readonly customerId?: string;
  readonly status?: License['status'];
  /** Those that end after the first instant, and until the second. */
  readonly ending?: readonly [after: Date, until: Date];
  /** The hash of what is searched for, in case that it is a whole license key. */
  readonly keyHash?: Buffer;
}

/** Of any key, so that a license is also found by one whose overlap lasts or is over. */
const OF_KEY = '(select license_id from license_keys where hash = :keyHash)';

/** Each looks into one table by itself: no search joins millions of rows with millions. */
const FOUND_BY = {
  key: 'exists (select from license_keys k where k.license_id = license.id and k.expires_at is null and k.hint ilike :q)',
  product: 'license.productId in (select id from products where code ilike :q)',
  policy: 'license.policyId in (select id from policies where code ilike :q)',
  reason: 'license.statusReason ilike :q',
  customer:
    'exists (select from customers c where c.id = license.customerId and (c.name ilike :q or c.email ilike :q))',
} as const;

type FoundBy = keyof typeof FOUND_BY;

/** What an admin finds licenses by. */
export const LICENSES_SEARCHED: readonly FoundBy[] = ['key', 'product', 'policy', 'reason', 'customer'];

/** What their customer finds them by: the rest is not for the customer to see, not even by searching for it. */
export const OWN_LICENSES_SEARCHED: readonly FoundBy[] = ['key', 'product', 'policy'];

/** Whether what is searched for is a license key, whole. */
const isKey = (manager: ListManager, hash: Buffer): Promise<boolean> =>
  manager.existsBy(LicenseKey, { hash });

/** The ids of one page, and how many licenses there are in all. A whole key finds its license, and no other. */
export async function listLicenseIds(
  manager: ListManager,
  { q, order, offset, per_page }: PageRequest,
  { product, policy, customerId, status, ending, keyHash }: LicenseFilters,
  searched: readonly FoundBy[],
): Promise<[string[], number]> {
  const builder = manager.createQueryBuilder(License, 'license').select('license.id');
  if (product !== undefined)
    builder.andWhere('license.productId = (select id from products where code = :product)', { product });
  if (policy !== undefined)
    builder.andWhere('license.policyId = (select id from policies where code = :policy)', { policy });
  if (ending !== undefined) {
    const [after, until] = ending;
    builder.andWhere('license.expiresAt > :after and license.expiresAt <= :until', { after, until });
  }
  const byKey = keyHash !== undefined && (await isKey(manager, keyHash));
  if (byKey) builder.andWhere(`license.id = ${OF_KEY}`, { keyHash });
  const text = q === undefined || byKey ? {} : { q };
  const [rows, total] = await listPage(
    builder,
    { ...text, order, offset, per_page },
    {
      searched: [],
      orFoundBy: { condition: searched.map((name) => FOUND_BY[name]).join(' or '), values: {} },
      sorted: LICENSES_SORTED,
      filtered: { 'license.customerId': customerId, 'license.status': status },
    },
  );
  return [rows.map(({ id }) => id), total];
}
