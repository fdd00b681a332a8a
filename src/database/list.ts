import type { EntityManager, ObjectLiteral, SelectQueryBuilder } from 'typeorm';

/** As much of a manager as a list needs. It may be a replica's, so it is not good for anything else. */
export type ListManager = Pick<EntityManager, 'createQueryBuilder' | 'existsBy' | 'find'>;

/** One page of a list as a request asks for it. */
export interface PageRequest {
  readonly q?: string;
  readonly order: { readonly field: string; readonly direction: 'ASC' | 'DESC' };
  readonly offset: number;
  readonly per_page: number;
}

/** What a list is searched, sorted and filtered by. Columns are written `alias.property`. */
export interface ListColumns {
  readonly searched: readonly string[];
  /** A condition that a row may meet instead of containing the text, with the values of its parameters. */
  readonly orFoundBy?: { readonly condition: string; readonly values: Readonly<Record<string, unknown>> };
  /** The column behind each name that can be sorted by. */
  readonly sorted: Readonly<Record<string, string>>;
  /** The value that a column must have; undefined where the request does not ask. */
  readonly filtered?: Readonly<Record<string, unknown>>;
}

/** Text as a LIKE pattern that contains it: a searched `%` or `_` is that character and nothing more. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, String.raw`\$&`)}%`;

/**
 * Reads one page and counts the whole. Equal rows are ordered by id, so that no row is on two pages or on none.
 * Conditions that the builder has already stay; what it joins must not make two rows of one. `withEach` joins what is told
 * with a row: the page alone needs that, and not the count of a million rows.
 */
export async function listPage<Row extends ObjectLiteral>(
  builder: SelectQueryBuilder<Row>,
  { q, order, offset, per_page }: PageRequest,
  { searched, orFoundBy, sorted, filtered = {} }: ListColumns,
  withEach: (page: SelectQueryBuilder<Row>) => SelectQueryBuilder<Row> = (page) => page,
): Promise<[Row[], number]> {
  const column = sorted[order.field];
  if (column === undefined) throw new Error(`No column is sorted as ${order.field}`);
  Object.entries(filtered).forEach(([name, value], index) => {
    if (value !== undefined) builder.andWhere(`${name} = :filter${index}`, { [`filter${index}`]: value });
  });
  if (q !== undefined) {
    const conditions = searched.map((name) => `${name} ilike :q`);
    if (orFoundBy !== undefined) conditions.push(orFoundBy.condition);
    builder.andWhere(`(${conditions.join(' or ')})`, { ...orFoundBy?.values, q: containing(q) });
  }
  const whole = builder.clone();
  const rows = await withEach(builder)
    .orderBy(column, order.direction)
    .addOrderBy(`${builder.alias}.id`, order.direction)
    .offset(offset)
    .limit(per_page)
    .getMany();
  // A page that is not full ends the list: the whole need not be counted.
  if (rows.length < per_page && (rows.length > 0 || offset === 0)) return [rows, offset + rows.length];
  const counted = await whole.select('count(*)::int', 'total').getRawOne<{ total: number }>();
  return [rows, counted?.total ?? 0];
}
