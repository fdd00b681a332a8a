import type { EntityManager } from 'typeorm';
import { AuditEvent } from './entities/index.js';
import { listPage, type PageRequest } from './list.js';
import type { Run, Statement } from './statements.js';

/** An event as an admin sees it: with what it says of persons, and its place in the chain. */
export interface AuditView extends Omit<AuditEvent, 'personalHash' | 'mac'> {
  /** Null when it says nothing of a person, or that was erased. */
  readonly personal: Readonly<Record<string, unknown>> | null;
  readonly personalErased: boolean;
  /** Null until it is sealed. */
  readonly seq: number | null;
  readonly sealedAt: Date | null;
}

const AUDIT_VIEWS: Statement = {
  name: 'audit-views',
  text: `select e.id, e.occurred_at as "occurredAt", e.actor_type as "actorType", e.actor_id as "actorId", e.action,
      e.subject_type as "subjectType", e.subject_id as "subjectId", e.details, e.request_id as "requestId",
      p.data as personal, e.personal_hash is not null and p.data is null as "personalErased",
      c.seq::float8 as seq, c.sealed_at as "sealedAt"
    from unnest($1::uuid[]) with ordinality as asked (id, place)
    join audit_events e on e.id = asked.id
    left join audit_personal p on p.event_id = e.id
    left join audit_chain c on c.event_id = e.id
    order by asked.place`,
};

/** The events of these ids in their order. */
export async function loadAuditViews(run: Run, ids: readonly string[]): Promise<AuditView[]> {
  return (await run<AuditView>(AUDIT_VIEWS, [ids])).rows;
}

/** The names that events can be sorted by. */
export const AUDIT_SORTED = { created_at: 'event.occurredAt', occurred_at: 'event.occurredAt' } as const;

export interface AuditFilters {
  readonly actorType?: AuditEvent['actorType'];
  readonly actorId?: string;
  /** `subject.verb`, or `subject.*` for all of its verbs. */
  readonly action?: string;
  readonly subjectType?: string;
  readonly subjectId?: string;
  readonly requestId?: string;
  /** From this instant on, and before that one. */
  readonly from?: Date;
  readonly to?: Date;
}

/** In the collation of the index, which is the one that knows beginnings. */
const ACTION = 'event.action collate "C"';

/** The ids of one page, and how many events there are in all. */
export async function listAuditIds(
  manager: EntityManager,
  request: PageRequest,
  { action, from, to, ...filters }: AuditFilters,
): Promise<[string[], number]> {
  const builder = manager.createQueryBuilder(AuditEvent, 'event').select('event.id');
  if (action?.endsWith('*')) {
    // "/" is the character after ".": everything between the two begins with the subject and a dot.
    const [least, most] = [action.slice(0, -1), action.replace(/\.\*$/, '/')];
    builder.andWhere(`${ACTION} >= :least and ${ACTION} < :most`, { least, most });
  } else if (action !== undefined) builder.andWhere(`${ACTION} = :action`, { action });
  if (from !== undefined) builder.andWhere('event.occurredAt >= :from', { from });
  if (to !== undefined) builder.andWhere('event.occurredAt < :to', { to });
  const [rows, total] = await listPage(builder, request, {
    searched: [
      'event.action',
      'event.subjectId',
      'event.actorId',
      'event.requestId',
      'cast(event.details as text)',
    ],
    sorted: AUDIT_SORTED,
    filtered: {
      'event.actorType': filters.actorType,
      'event.actorId': filters.actorId,
      'event.subjectType': filters.subjectType,
      'event.subjectId': filters.subjectId,
      'event.requestId': filters.requestId,
    },
  });
  return [rows.map(({ id }) => id), total];
}
