import { loadModule, parse } from 'libpg-query';

/** A part of a parsed statement, as libpg-query tells of it: what it is, and what belongs to it. */
type Node = any;

/** Of each table whose rows belong to licenses: the column that says to which, and the one that names a row. */
export type LicenseTables = ReadonlyMap<string, { readonly license: string; readonly key: string | null }>;

interface LicenseRow {
  readonly table: string;
  /** The values in the two columns. */
  readonly license: string;
  readonly key: string | null;
}

/** What a name in FROM stands for: the value behind each of its columns, by a name that nothing else in the statement has. */
type Source = (column: string) => string;

interface Scope {
  readonly sources: Map<string, Source>;
  readonly ctes: ReadonlyMap<string, Node>;
  readonly outer: Scope | null;
}

/** The values that a query answers, by the name of their column. */
type Outputs = Map<string, string | null>;

const uncast = (node: Node): Node => (node?.TypeCast === undefined ? node : uncast(node.TypeCast.arg));

const namesOf = (fields: readonly Node[]): string[] => fields.flatMap((field) => field.String?.sval ?? []);

/** Gathers of one statement which values it holds to be equal, and which rows of licenses it looks at. */
class Joins {
  readonly rows: LicenseRow[] = [];
  private readonly parents = new Map<string, string>();
  private readonly usedCtes = new Set<Node>();
  private count = 0;

  constructor(private readonly tables: LicenseTables) {}

  /** Of equal values always the same one. */
  find(value: string): string {
    const parent = this.parents.get(value);
    return parent === undefined ? value : this.find(parent);
  }

  private equate(one: string | null, other: string | null): void {
    if (one === null || other === null) return;
    const [first, second] = [this.find(one), this.find(other)];
    if (first !== second) this.parents.set(first, second);
  }

  /** The rows with the license that they are of; rows of one table with one key are one row, and so of one license. */
  licensed(): LicenseRow[] {
    const first = new Map<string, string>();
    for (const { table, license, key } of this.rows) {
      if (key === null) continue;
      const name = `${table} ${this.find(key)}`;
      this.equate(first.get(name) ?? null, license);
      first.set(name, license);
    }
    return this.rows.map((row) => ({ ...row, license: this.find(row.license) }));
  }

  query(node: Node, outer: Scope | null): Outputs {
    const [kind = ''] = Object.keys(node);
    const statement = node[kind];
    if (statement.larg !== undefined) throw new Error('A union is not looked into');
    const ctes = new Map(outer?.ctes);
    const own: Node[] = (statement.withClause?.ctes ?? []).map(
      ({ CommonTableExpr }: Node) => CommonTableExpr,
    );
    for (const cte of own) ctes.set(cte.ctename, cte);
    const scope: Scope = { sources: new Map(), ctes, outer };
    const target = statement.relation === undefined ? null : this.table(statement.relation, scope);
    for (const each of [...(statement.fromClause ?? []), ...(statement.usingClause ?? [])])
      this.from(each, scope);
    this.condition(statement.whereClause, scope);
    const shown: Node[] = statement.targetList ?? [];
    const answered =
      kind === 'SelectStmt' ? shown : (statement.returningClause?.exprs ?? statement.returningList ?? []);
    this.look(statement.onConflictClause, scope);
    for (const each of [shown, answered, statement.valuesLists, statement.havingClause])
      this.look(each, scope);
    if (kind === 'InsertStmt' && statement.selectStmt !== undefined) {
      const values = [...this.query(statement.selectStmt, { ...scope, sources: new Map() }).values()];
      for (const [index, { ResTarget }] of (statement.cols ?? []).entries())
        this.equate(target?.(ResTarget.name) ?? null, values[index] ?? null);
    }
    // One that nobody reads is there for what it changes.
    for (const cte of own) if (!this.usedCtes.has(cte)) this.query(cte.ctequery, scope);
    return new Map(
      answered.map(({ ResTarget }: Node, index: number) => [
        ResTarget?.name ?? namesOf(uncast(ResTarget?.val)?.ColumnRef?.fields ?? []).at(-1) ?? String(index),
        this.value(ResTarget?.val, scope),
      ]),
    );
  }

  /** Something with columns of its own. */
  private anything(): Source {
    const number = this.count++;
    return (column) => `${number}.${column}`;
  }

  private table({ relname, alias }: Node, scope: Scope): Source {
    const name = alias?.aliasname ?? relname;
    const cte = scope.ctes.get(relname);
    const source = cte === undefined ? this.anything() : this.answersOf(cte.ctequery, scope);
    if (cte !== undefined) this.usedCtes.add(cte);
    const columns = cte === undefined ? this.tables.get(relname) : undefined;
    if (columns !== undefined) {
      const key = columns.key === null ? null : source(columns.key);
      this.rows.push({ table: relname, license: source(columns.license), key });
    }
    scope.sources.set(name, source);
    return source;
  }

  private answersOf(query: Node, scope: Scope): Source {
    const outputs = this.query(query, scope);
    const otherwise = this.anything();
    return (column) => outputs.get(column) ?? otherwise(column);
  }

  private from(node: Node, scope: Scope): void {
    const { RangeVar, RangeSubselect, RangeFunction, JoinExpr } = node;
    if (RangeVar !== undefined) this.table(RangeVar, scope);
    else if (RangeSubselect !== undefined)
      scope.sources.set(
        RangeSubselect.alias?.aliasname ?? '',
        this.answersOf(RangeSubselect.subquery, scope),
      );
    else if (RangeFunction !== undefined) {
      this.look(RangeFunction.functions, scope);
      scope.sources.set(RangeFunction.alias?.aliasname ?? '', this.anything());
    } else if (JoinExpr !== undefined) {
      this.from(JoinExpr.larg, scope);
      this.from(JoinExpr.rarg, scope);
      if (JoinExpr.usingClause !== undefined) throw new Error('A join by USING is not looked into');
      this.condition(JoinExpr.quals, scope);
    } else throw new Error(`Not looked into: ${Object.keys(node).join()}`);
  }

  /** Only what must be true at the same time makes values equal. */
  private condition(node: Node, scope: Scope): void {
    if (node?.BoolExpr?.boolop === 'AND_EXPR') {
      for (const each of node.BoolExpr.args) this.condition(each, scope);
      return;
    }
    const { kind, name, lexpr, rexpr } = node?.A_Expr ?? {};
    const { subLinkType, testexpr, subselect } = node?.SubLink ?? {};
    if (kind === 'AEXPR_OP' && namesOf(name).join() === '=') {
      this.equate(this.side(lexpr, scope), this.side(rexpr, scope));
    } else if (subLinkType === 'ANY_SUBLINK') {
      this.equate(this.side(testexpr, scope), this.first(subselect, scope));
    } else this.look(node, scope);
  }

  /** One side of a comparison, which may be a query that answers one row. */
  private side(node: Node, scope: Scope): string | null {
    const { subLinkType, subselect } = node?.SubLink ?? {};
    if (subLinkType === 'EXPR_SUBLINK') return this.first(subselect, scope);
    this.look(node, scope);
    return this.value(node, scope);
  }

  private first(query: Node, scope: Scope): string | null {
    const [first = null] = this.query(query, scope).values();
    return first;
  }

  /** Queries within expressions. */
  private look(node: Node, scope: Scope): void {
    if (typeof node !== 'object' || node === null) return;
    if (node.SubLink !== undefined) {
      this.look(node.SubLink.testexpr, scope);
      this.query(node.SubLink.subselect, scope);
    } else for (const each of Object.values(node)) this.look(each, scope);
  }

  /** Null for what is computed. */
  private value(node: Node, scope: Scope): string | null {
    const { ColumnRef, ParamRef } = uncast(node) ?? {};
    if (ParamRef !== undefined) return `$${ParamRef.number}`;
    if (ColumnRef === undefined) return null;
    const names = namesOf(ColumnRef.fields);
    const [qualifier, column] = names.length > 1 ? names.slice(-2) : [undefined, names[0]];
    if (column === undefined) return null;
    for (let at: Scope | null = scope; at !== null; at = at.outer) {
      const source = qualifier === undefined ? this.only(at) : at.sources.get(qualifier);
      if (source !== undefined) return source(column);
      if (qualifier === undefined && at.sources.size > 0) return null;
    }
    return null;
  }

  /** A bare name is that of the only source; among several it is not known whose it is. */
  private only({ sources }: Scope): Source | undefined {
    return sources.size === 1 ? sources.values().next().value : undefined;
  }
}

/**
 * The rows of licenses that a statement looks at, in groups: within a group all are those of one license at a time. More than
 * one group: it puts rows of several licenses together. It errs on the side of more.
 */
export async function licenseGroups(text: string, tables: LicenseTables): Promise<string[][]> {
  await loadModule();
  const groups = new Map<string, string[]>();
  for (const { stmt } of (await parse(text)).stmts ?? []) {
    const joins = new Joins(tables);
    const [kind = ''] = Object.keys(stmt ?? {});
    if (!['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt'].includes(kind)) continue;
    joins.query(stmt, null);
    for (const { table, license } of joins.licensed()) {
      const group = groups.get(license) ?? [];
      groups.set(license, [...group, table]);
    }
  }
  return [...groups.values()];
}
