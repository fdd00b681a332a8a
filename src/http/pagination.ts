import { ChoiceField, IntegerField, Text } from './fields.js';
import { integer, resource, type Wire } from './shapes.js';

/** Offsets grow with the page, and so does what the database reads to skip them. */
const MAX_PAGE = 100_000;

/** A page of something that has an order of its own. */
export abstract class PageQuery {
  @IntegerField({ min: 1, max: MAX_PAGE, default: 1 })
  page: number;

  @IntegerField({ min: 1, max: 100, default: 50 })
  per_page: number;

  /** How many rows lie before the page. */
  get offset(): number {
    return (this.page - 1) * this.per_page;
  }
}

/** What every list takes. Resources extend `listQuery(…)`, which adds the sorting. */
export abstract class ListQuery<Field extends string = string> extends PageQuery {
  @Text({ max: 200, description: 'Free text to look for.' })
  q?: string;

  abstract readonly sort: Field | `-${Field}`;

  /** The field to sort by, one of those listed, and the direction. */
  get order(): { readonly field: Field; readonly direction: 'ASC' | 'DESC' } {
    const isDescending = this.sort.startsWith('-');
    return {
      field: (isDescending ? this.sort.slice(1) : this.sort) as Field,
      direction: isDescending ? 'DESC' : 'ASC',
    };
  }
}

/** The base of a list that sorts by these fields, upwards or with a minus downwards, and by `otherwise` unless told. */
export function sortedQuery<const Field extends string>(
  sortable: readonly Field[],
  otherwise: Field | `-${Field}`,
) {
  class SortedListQuery extends ListQuery<Field> {
    @ChoiceField(sortable.flatMap((name) => [name, `-${name}`]), { default: otherwise })
    override readonly sort: ListQuery<Field>['sort'];
  }
  return SortedListQuery;
}

/**
 * The base of a resource's list query: `class ProductsQuery extends listQuery(['code', 'name']) { … }`. Lists sort by
 * these fields and by `created_at`; unless told otherwise the newest come first.
 */
export const listQuery = <const Field extends string>(sortable: readonly Field[]) =>
  sortedQuery<Field | 'created_at'>([...new Set(['created_at' as const, ...sortable])], '-created_at');

/** Where a page lies in its list. */
export const LIST_META = resource('ListMeta', {
  total: integer(),
  per_page: integer({ min: 1, example: 50 }),
  current_page: integer({ min: 1 }),
  last_page: integer({ min: 1 }),
});

export type ListMeta = Wire<typeof LIST_META>;

/** The success body of the admin plane and of the portal; lists have `meta`. */
export interface AdminAnswer<T> {
  readonly success: true;
  readonly data: T;
  readonly meta?: ListMeta;
}

export const adminAnswer = <T>(data: T): AdminAnswer<T> => ({ success: true, data });

/** Where a page lies in a list of that many; an empty list has one empty page. */
export function listMeta(total: number, { page, per_page }: Pick<PageQuery, 'page' | 'per_page'>): ListMeta {
  const last_page = Math.max(1, Math.ceil(total / per_page));
  return { total, per_page, current_page: page, last_page };
}

/** One page of a list. */
export function adminList<T>(
  data: T[],
  total: number,
  query: Pick<PageQuery, 'page' | 'per_page'>,
): AdminAnswer<T[]> {
  return { success: true, data, meta: listMeta(total, query) };
}
