import type {
  DataSource,
  EntityManager,
  EntityMetadata,
  EntityTarget,
  FindOptionsWhere,
  ObjectLiteral,
} from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { validate as isUuid } from 'uuid';
import { recordAudit, type OutgoingEvent } from '../database/audit.js';
import { differences, personalDifferences, wholeRow } from '../database/differences.js';
import { listPage, type ListColumns, type PageRequest } from '../database/list.js';
import type { ReadReplica } from '../database/read-replica.js';
import { violatedConstraint } from '../database/violations.js';
import type { Actor } from '../domain/actor.js';
import { isEventType } from '../domain/event-types.js';
import { ApiError, notFound } from '../http/errors.js';
import { sentence } from '../http/sentences.js';

interface StoredRow extends ObjectLiteral {
  readonly id: string;
  readonly updatedAt: Date;
}

/** What one kind of record is called, and what its constraints mean to an admin. */
export interface RecordKind<Row extends StoredRow> {
  readonly entity: EntityTarget<Row>;
  /** In the audit log: `<subject>.created` and so on. */
  readonly subject: string;
  /** As in "Product not found". */
  readonly name: string;
  /** What every event tells of the record, for it may be gone when the log is read. */
  readonly identity: (row: Row) => Record<string, unknown>;
  /** Free text that may name a person: kept where it can be erased. */
  readonly personal?: readonly (keyof Row & string)[];
  /** What may name a person and is no text, or hold a secret: of its changes nothing is told but that there were some. */
  readonly withheld?: readonly (keyof Row & string)[];
  /** The customer that the record belongs to. */
  readonly customerOf?: (row: Row) => string | null;
  /** What receivers of webhooks are told, where the change has an event of its name. */
  readonly toldAs?: (row: Row) => OutgoingEvent['data'];
  readonly conflicts: Readonly<Record<string, () => ApiError>>;
}

/** Who makes a change, and when. */
export interface Change {
  readonly actor: Actor;
  readonly now: Date;
}

/** A value that must be unique is another record's already. */
export const taken = (field: string): ApiError => {
  const error = sentence('taken', field);
  return new ApiError('CONFLICT', { error, details: { [field]: [error] } });
};

/** Records that are listed, made, changed and deleted, each change with its audit event in one transaction. */
export class Records<Row extends StoredRow> {
  constructor(
    private readonly dataSource: DataSource,
    private readonly kind: RecordKind<Row>,
  ) {}

  /** Columns are written `record.property`. */
  list(replica: ReadReplica, request: PageRequest, columns: ListColumns): Promise<[Row[], number]> {
    return replica.read(({ manager }) =>
      listPage(manager.createQueryBuilder(this.kind.entity, 'record'), request, columns),
    );
  }

  /** @throws 404 for none, and for an id that is none */
  get(id: string): Promise<Row> {
    return this.find(this.dataSource.manager, id);
  }

  /** `also` is what the new record brings with it, in the same transaction. */
  async insert(row: Row, change: Change, also?: (manager: EntityManager) => Promise<void>): Promise<Row> {
    return this.write(async (manager) => {
      await manager.insert(this.kind.entity, row as QueryDeepPartialEntity<Row>);
      await also?.(manager);
      await this.note(manager, change, row, 'created', this.whole(row, 'created'));
      return row;
    });
  }

  /** `changesOf` sees the row as it is under the lock; what it leaves undefined stays. A change of nothing leaves no trace. */
  async update(
    id: string,
    changesOf: (row: Row) => Partial<Row>,
    change: Change,
    verb = 'updated',
  ): Promise<Row> {
    return this.write(async (manager) => {
      const row = await this.find(manager, id, 'for_no_key_update');
      const columns = changesOf(row);
      const changes = differences(this.metadata, row, columns, this.untold);
      if (Object.keys(changes).length === 0) return row;
      const values = { ...columns, updatedAt: change.now };
      await manager.update(this.kind.entity, this.where(row.id), values as QueryDeepPartialEntity<Row>);
      const updated = await this.find(manager, row.id);
      const personal = personalDifferences(this.metadata, row, columns, this.kind.personal ?? []);
      await this.note(manager, change, updated, verb, { changes }, personal);
      return updated;
    });
  }

  /** `also` is what goes with it, the event of its deletion included. */
  async remove(id: string, change: Change, also?: (manager: EntityManager) => Promise<void>): Promise<void> {
    await this.write(async (manager) => {
      const row = await this.find(manager, id, 'for_no_key_update');
      await manager.delete(this.kind.entity, this.where(row.id));
      await this.note(manager, change, row, 'deleted', this.whole(row, 'deleted'));
      await also?.(manager);
    });
  }

  private get metadata(): EntityMetadata {
    return this.dataSource.getMetadata(this.kind.entity);
  }

  /** What the details of an event must not tell. */
  private get untold(): readonly (keyof Row & string)[] {
    return [...(this.kind.personal ?? []), ...(this.kind.withheld ?? [])];
  }

  private whole(row: Row, became: 'created' | 'deleted') {
    const changes = wholeRow(this.metadata, row, became, this.untold);
    return Object.keys(changes).length > 0 ? { changes } : {};
  }

  private where(id: string): FindOptionsWhere<Row> {
    return { id } as FindOptionsWhere<Row>;
  }

  private async find(manager: EntityManager, id: string, lock?: 'for_no_key_update'): Promise<Row> {
    const row = isUuid(id)
      ? await manager.findOne(this.kind.entity, {
          where: this.where(id),
          ...(lock !== undefined && { lock: { mode: lock } }),
        })
      : null;
    if (row === null) throw notFound(this.kind.name);
    return row;
  }

  private async write<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await this.dataSource.transaction(work);
    } catch (error) {
      throw this.kind.conflicts[violatedConstraint(error) ?? '']?.() ?? error;
    }
  }

  private note(
    manager: EntityManager,
    { actor, now }: Change,
    row: Row,
    verb: string,
    details: Record<string, unknown>,
    personalChanges: Record<string, unknown> = {},
  ): Promise<void> {
    const { subject, identity, personal = [], customerOf, toldAs } = this.kind;
    const action = `${subject}.${verb}`;
    const entry = {
      subjectType: subject,
      subjectId: row.id,
      customerId: customerOf?.(row) ?? null,
      details: { ...identity(row), ...details },
      personal: {
        ...Object.fromEntries(personal.map((name) => [name, row[name] ?? null])),
        ...(Object.keys(personalChanges).length > 0 && { changes: personalChanges }),
      },
    };
    return toldAs !== undefined && isEventType(action)
      ? recordAudit(manager, actor, now, { ...entry, action, event: { data: toldAs(row) } })
      : recordAudit(manager, actor, now, { ...entry, action });
  }
}
