import { isDeepStrictEqual } from 'node:util';
import type { EntityMetadata, ObjectLiteral } from 'typeorm';

export interface Told {
  readonly from: unknown;
  readonly to: unknown;
}

/** What becomes of a column; a withheld one only tells that it changes. */
export type Difference = Told | { readonly withheld: true };

type Columns = EntityMetadata['columns'];

/** Whatever a caller says of it: hashes, sealed secrets and hashed passwords are nobody's to read. */
const isSecret = ({ type, databaseName }: Columns[number]): boolean =>
  type === 'bytea' || databaseName === 'password_hash';

/** These tell when it was, which the event does as well, and of what. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['id', 'created_at', 'updated_at']);

const changedColumns = <Row extends ObjectLiteral>(
  { columns }: EntityMetadata,
  before: Row,
  after: Partial<Row>,
): Columns =>
  columns.filter(
    ({ propertyName }) =>
      after[propertyName] !== undefined && !isDeepStrictEqual(before[propertyName], after[propertyName]),
  );

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
  return Object.fromEntries(
    changedColumns(metadata, before, after).map((column) => [
      column.databaseName,
      isSecret(column) || withheld.includes(column.propertyName)
        ? { withheld: true }
        : { from: before[column.propertyName], to: after[column.propertyName] },
    ]),
  );
}

/** The same of the withheld ones alone, told: for where it can be erased. */
export function personalDifferences<Row extends ObjectLiteral>(
  metadata: EntityMetadata,
  before: Row,
  after: Partial<Row>,
  personal: readonly (keyof Row & string)[],
): Record<string, Told> {
  const told = changedColumns(metadata, before, after).filter(
    (column) => !isSecret(column) && personal.includes(column.propertyName),
  );
  return Object.fromEntries(
    told.map(({ databaseName, propertyName }) => [
      databaseName,
      { from: before[propertyName], to: after[propertyName] },
    ]),
  );
}

/** A row that appears, or is gone, as differences from nothing: the columns that hold something, but for the untold. */
export function wholeRow<Row extends ObjectLiteral>(
  metadata: EntityMetadata,
  row: Row,
  became: 'created' | 'deleted',
  untold: readonly (keyof Row & string)[] = [],
): Record<string, Told> {
  const told = metadata.columns.filter(
    (column) =>
      !isSecret(column) &&
      !TOLD_ELSEWHERE.has(column.databaseName) &&
      !untold.includes(column.propertyName) &&
      row[column.propertyName] !== null &&
      row[column.propertyName] !== undefined,
  );
  return Object.fromEntries(
    told.map(({ databaseName, propertyName }) => {
      const value: unknown = row[propertyName];
      return [databaseName, became === 'created' ? { from: null, to: value } : { from: value, to: null }];
    }),
  );
}
