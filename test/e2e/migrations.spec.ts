import type { DataSource, EntityMetadata } from 'typeorm';
import { createDataSource } from '../../src/database/data-source.js';
import { cloneDatabase } from '../setup/database.js';

let database: { url: string; drop(): Promise<void> };
let dataSource: DataSource;

beforeAll(async () => {
  database = await cloneDatabase();
  dataSource = await createDataSource({ url: database.url, poolSize: 8 }).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** What the catalogue says of everything that a migration can make; each query answers text in one column. */
const CATALOGUE = {
  tables: `
    select format('%s %s %s %s', relname, relkind, reloptions, obj_description(oid, 'pg_class'))
    from pg_class where relnamespace = 'public'::regnamespace and relkind not in ('i', 't')`,
  columns: `
    select format('%s.%s %s %s not null=%s default=%s generated=%s %s', attrelid::regclass, attnum, attname,
      format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attgenerated,
      col_description(attrelid, attnum))
    from pg_attribute join pg_class on pg_class.oid = attrelid
      left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped`,
  constraints: `
    select format('%s %s %s %s', conrelid::regclass, conname, contype, pg_get_constraintdef(oid))
    from pg_constraint where connamespace = 'public'::regnamespace`,
  indexes: `
    select format('%s %s', indexname, indexdef) from pg_indexes where schemaname = 'public'`,
  triggers: `
    select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal`,
  functions: `
    select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace`,
  types: `
    select format('%s %s', typname, typtype) from pg_type
    where typnamespace = 'public'::regnamespace and typtype <> 'c' and typelem = 0`,
  extensions: `select extname from pg_extension`,
} as const;

type Kind = keyof typeof CATALOGUE;
const KINDS = Object.keys(CATALOGUE) as Kind[];

async function dump(): Promise<Record<string, string[]>> {
  const entries = await Promise.all(
    KINDS.map(async (kind) => {
      const rows: Record<string, string>[] = await dataSource.query(CATALOGUE[kind]);
      return [kind, rows.flatMap((row) => Object.values(row)).toSorted()] as const;
    }),
  );
  return Object.fromEntries(entries);
}

async function undoAll(): Promise<void> {
  for (const _ of dataSource.migrations) await dataSource.undoLastMigration();
}

/** TypeORM's own table, and the numbers it takes from a sequence. */
const isOurs = (line: string) => !/\bmigrations\b|\bmigrations_id_seq\b/.test(line);

describe('the migrations', () => {
  it('go up, down and up again to the same schema', async () => {
    const before = await dump();
    // A dump that sees nothing would always agree with itself.
    for (const kind of ['tables', 'columns', 'constraints', 'indexes', 'triggers', 'functions'] as const) {
      expect(before[kind]?.filter(isOurs)).not.toEqual([]);
    }
    await undoAll();
    const between = await dump();
    await dataSource.runMigrations();
    expect(await dump()).toEqual(before);
    const left = KINDS.filter((kind) => kind !== 'extensions').flatMap((kind) => between[kind] ?? []);
    expect(left.filter(isOurs)).toEqual([]);
  });
});

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly primary: boolean;
}

async function columnsOfTables(): Promise<Column[]> {
  return dataSource.query(`
    select relname as table, attname as column, format_type(atttypid, atttypmod) as type,
      not attnotnull as nullable, coalesce(attnum = any(conkey), false) as primary
    from pg_attribute join pg_class on pg_class.oid = attrelid
      left join pg_constraint on conrelid = attrelid and contype = 'p'
    where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
      and relname <> 'migrations'`);
}

/** As the catalogue spells it. */
const typeOf = (metadata: EntityMetadata, column: EntityMetadata['columns'][number]): string => {
  const type = metadata.connection.driver.normalizeType(column);
  return column.isArray ? `${type}[]` : type;
};

const columnsOfEntities = (): Column[] =>
  dataSource.entityMetadatas.flatMap((metadata) =>
    metadata.columns.map((column) => ({
      table: metadata.tableName,
      column: column.databaseName,
      type: typeOf(metadata, column),
      nullable: column.isNullable,
      primary: column.isPrimary,
    })),
  );

const lines = (columns: Column[]) =>
  columns
    .map(
      ({ table, column, type, nullable, primary }) =>
        `${table}.${column} ${type}${nullable ? ' null' : ''}${primary ? ' primary' : ''}`,
    )
    .toSorted();

describe('the entities', () => {
  it('have the tables, columns, types, nulls and primary keys that the migrations made, and no other', async () => {
    const tables = lines(await columnsOfTables());
    expect(tables.length).toBeGreaterThan(100);
    expect(lines(columnsOfEntities())).toEqual(tables);
  });

  it('know of every default: an insert without the column would fail otherwise', async () => {
    const rows: { at: string }[] = await dataSource.query(
      `select table_name || '.' || column_name as at from information_schema.columns
       where table_schema = 'public' and column_default is not null and table_name <> 'migrations'`,
    );
    const known = dataSource.entityMetadatas.flatMap((metadata) =>
      metadata.columns
        .filter((column) => column.default !== undefined)
        .map((column) => `${metadata.tableName}.${column.databaseName}`),
    );
    expect(known.toSorted()).toEqual(rows.map(({ at }) => at).toSorted());
  });
});
