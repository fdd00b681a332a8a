import { Customer, License, LicenseKey, Policy, Product } from './entities/index.js';
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
const HAS_KEY = 'exists (select from license_keys k where k.license_id = license.id and k.hash = :keyHash)';

/** What an admin finds licenses by. */
export const LICENSES_SEARCHED = [
  'key.hint',
  'product.code',
  'policy.code',
  'license.statusReason',
  'customer.name',
  'customer.email',
] as const;

/** What their customer finds them by: the rest is not for the customer to see, not even by searching for it. */
export const OWN_LICENSES_SEARCHED = ['key.hint', 'product.code', 'policy.code'] as const;

/** The ids of one page, and how many licenses there are in all. */
export async function listLicenseIds(
  manager: ListManager,
  request: PageRequest,
  { product, policy, customerId, status, ending, keyHash }: LicenseFilters,
  searched: readonly string[],
): Promise<[string[], number]> {
  const builder = manager
    .createQueryBuilder(License, 'license')
    .select('license.id')
    .innerJoin(Product, 'product', 'product.id = license.productId')
    .innerJoin(Policy, 'policy', 'policy.id = license.policyId')
    .leftJoin(Customer, 'customer', 'customer.id = license.customerId')
    .innerJoin(LicenseKey, 'key', 'key.licenseId = license.id and key.expiresAt is null');
  if (ending !== undefined) {
    const [after, until] = ending;
    builder.andWhere('license.expiresAt > :after and license.expiresAt <= :until', { after, until });
  }
  const [rows, total] = await listPage(builder, request, {
    searched,
    orFoundBy: keyHash && { condition: HAS_KEY, values: { keyHash } },
    sorted: LICENSES_SORTED,
    filtered: {
      'product.code': product,
      'policy.code': policy,
      'license.customerId': customerId,
      'license.status': status,
    },
  });
  return [rows.map(({ id }) => id), total];
}
