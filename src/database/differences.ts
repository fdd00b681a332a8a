import { isDeepStrictEqual } from 'node:util';
import type { EntityMetadata, ObjectLiteral } from 'typeorm';

/** What becomes of a column; a withheld one only tells that it changes. */
export type Difference = { readonly from: unknown; readonly to: unknown } | { readonly withheld: true };

/**
 * The columns in which a row differs from what it becomes, by their names in the database, for the audit log. Properties
 * that are absent or undefined in `after` stay as they are. `withheld` are properties whose values may name a person.
 */
export function differences<Row extends ObjectLiteral>(
  metadata: EntityMetadata,
  before: Row,
  after: Partial<Row>,
  withheld: readonly (keyof Row & string)[] = [],
): Record<string, Difference> {
  const changed = metadata.columns.filter(
    ({ propertyName }) =>
      after[propertyName] !== undefined && !isDeepStrictEqual(before[propertyName], after[propertyName]),
  );
  return Object.fromEntries(
    changed.map(({ databaseName, propertyName }) => [
      databaseName,
      withheld.includes(propertyName)
        ? { withheld: true }
        : { from: before[propertyName], to: after[propertyName] },
    ]),
  );
}
