import type { SelectQueryBuilder } from 'typeorm';
import { AuditEvent } from './entities/index.js';
import { listPage, type ListManager, type PageRequest } from './list.js';
import type { ListRun, ListStatement } from './statements.js';

/** An event as an admin sees it: with what it says of persons, and its place in the chain. */
export interface AuditView extends Omit<AuditEvent, 'personalHash' | 'mac'> {
  /** Null when it says nothing of a person, or that was erased. */
  readonly personal: Readonly<Record<string, unknown>> | null;
  readonly personalErased: boolean;
  /** Null until it is sealed. */
  readonly seq: number | null;
  readonly sealedAt: Date | null;
}

const AUDIT_VIEWS: ListStatement = {
  isForLists: true,
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
export async function loadAuditViews(run: ListRun, ids: readonly string[]): Promise<AuditView[]> {
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

/**
 * Through how many events a text is looked for, the newest of those that the filters leave. Each of them has to be read,
 * and what takes longer than a statement may is no answer at all.
 */
export const MOST_SEARCHED = 100_000;

type Builder = SelectQueryBuilder<AuditEvent>;

function narrow(builder: Builder, { action, from, to, ...filters }: AuditFilters): Builder {
  if (action?.endsWith('*')) {
    // "/" is the character after ".": everything between the two begins with the subject and a dot.
    const [least, most] = [action.slice(0, -1), action.replace(/\.\*$/, '/')];
    builder.andWhere(`${ACTION} >= :least and ${ACTION} < :most`, { least, most });
  } else if (action !== undefined) builder.andWhere(`${ACTION} = :action`, { action });
  if (from !== undefined) builder.andWhere('event.occurredAt >= :from', { from });
  if (to !== undefined) builder.andWhere('event.occurredAt < :to', { to });
  for (const [name, value] of Object.entries(filters)) {
    if (value !== undefined) builder.andWhere(`event.${name} = :${name}`, { [name]: value });
  }
  return builder;
}

const eventsBy = (manager: ListManager, filters: AuditFilters): Builder =>
  narrow(manager.createQueryBuilder(AuditEvent, 'event'), filters);

/** When the oldest event happened that is searched; null when all are. */
async function searchedFrom(manager: ListManager, filters: AuditFilters): Promise<Date | null> {
  const event = await eventsBy(manager, filters)
    .select(['event.id', 'event.occurredAt'])
    .orderBy('event.occurredAt', 'DESC')
    .addOrderBy('event.id', 'DESC')
    .offset(MOST_SEARCHED - 1)
    .limit(1)
    .getOne();
  return event?.occurredAt ?? null;
}

/** The ids of one page, and how many events there are in all. */
export async function listAuditIds(
  manager: ListManager,
  request: PageRequest,
  filters: AuditFilters,
): Promise<[string[], number]> {
  const builder = eventsBy(manager, filters).select('event.id');
  // By a query of its own: with the value in hand the planner reads that span of time and no more.
  const oldest = request.q === undefined ? null : await searchedFrom(manager, filters);
  if (oldest !== null) builder.andWhere('event.occurredAt >= :oldest', { oldest });
  const [rows, total] = await listPage(builder, request, {
    searched: [
      'event.action',
      'event.subjectId',
      'event.actorId',
      'event.requestId',
      'cast(event.details as text)',
    ],
    sorted: AUDIT_SORTED,
  });
  return [rows.map(({ id }) => id), total];
}
