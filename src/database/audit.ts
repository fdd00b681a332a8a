import { createHash, randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../domain/actor.js';
import { auditEventText, inMicroseconds } from '../domain/audit-event-text.js';
import { canonicalJson, type Json } from '../domain/canonical-json.js';
import { patternsFor, type EventType } from '../domain/event-types.js';
import { auditMacOf, type AuditMac } from './audit-mac.js';
import { inTransaction, unnestUnseen, type Statement } from './statements.js';

interface Entry {
  readonly subjectType: string;
  readonly subjectId: string | null;
  /**
   * Whose it is at that moment, so that it can be erased. Told in the details, by which an erasure also finds what has been
   * deleted or has gone to somebody else since.
   */
  readonly customerId?: string | null;
  /** No key, token, secret or password, and nothing that names a person. */
  readonly details?: Record<string, unknown>;
  /** What may name a person, beyond the actor's address: host names, addresses, free text. */
  readonly personal?: Readonly<Record<string, unknown>>;
}

/** What happened, as `subject.verb`. Where receivers of webhooks are told of it, they are told under the same name. */
export type AuditEntry = Entry &
  (
    | { readonly action: string; readonly event?: undefined }
    | { readonly action: EventType; readonly event?: OutgoingEvent }
  );

export interface OutgoingEvent {
  /** The body of the resource as the admin plane answers it. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Whose the resource is as `data` tells it, where the event is of the time when it was another's. */
  readonly customerId?: string | null;
}

// prettier-ignore
const ENTRY_TYPES = [
  'uuid', 'bytea', 'text', 'text', 'text', 'text', 'text', 'bytea', 'text', 'uuid', 'text', 'text', 'timestamptz', 'text',
  'text', 'text', 'uuid',
] as const;

const RECORD_AUDITS: Statement = {
  name: 'record-audits',
  // One statement for all of it: an event is never without what belongs to it. What a panel of an erased customer says of
  // itself is not kept: nothing would ever erase it.
  text: `with entry as (
      select * from ${unnestUnseen(...ENTRY_TYPES.map((type, index) => `$${index + 1}::${type}[]`))}
      as entry (id, mac, action, subject_type, subject_id, details, personal_hash, salt, personal, customer_id, told, patterns,
        occurred_at, actor_type, actor_id, request_id, told_customer_id)
    ), event as (
      insert into audit_events (id, occurred_at, actor_type, actor_id, action, subject_type, subject_id, details,
        request_id, personal_hash, mac)
      select id, occurred_at, actor_type, actor_id, action, subject_type, subject_id, details::jsonb,
        request_id, personal_hash, mac from entry
    ), personal as (
      insert into audit_personal (event_id, salt, data) select id, salt, personal::jsonb from entry
      where personal is not null and not (actor_type = 'panel'
        and exists (select from customers where id = entry.customer_id and erased_at is not null))
    ), outgoing as (
      insert into events (id, type, occurred_at, customer_id, data)
      select id, action, occurred_at, told_customer_id, told::jsonb from entry
      where told is not null
        and exists (select from webhooks where enabled and events && string_to_array(patterns, ' '))
    )
    insert into audit_unsealed (event_id) select id from entry`,
};

/** Null when it says nothing. One text for one value, so that the hash can be made again from what the database gives back. */
function personalText(personal: Readonly<Record<string, unknown>>): string | null {
  const told = Object.entries(personal).filter(([, value]) => value !== null && value !== undefined);
  if (told.length === 0) return null;
  // Through JSON once: dates become what the database will give back.
  return canonicalJson(JSON.parse(JSON.stringify(Object.fromEntries(told))) as Json);
}

/** Who did something, and when. */
export interface Deed {
  readonly actor: Actor;
  readonly now: Date;
  readonly entry: AuditEntry;
}

/** An event as it is written, with what belongs to it. */
function rowOf(mac: AuditMac, { actor, now, entry }: Deed) {
  const customerId = entry.customerId ?? null;
  const personal = personalText({ address: actor.address, ...entry.personal });
  const salt = randomBytes(16);
  // Through JSON once, as above: it is authenticated as it will be read.
  const details = JSON.stringify({
    ...entry.details,
    ...(customerId !== null && { customer_id: customerId }),
  });
  const event = {
    id: uuidv7(),
    occurred_at: inMicroseconds(now),
    actor_type: actor.type,
    actor_id: actor.id,
    action: entry.action,
    subject_type: entry.subjectType,
    subject_id: entry.subjectId,
    details: JSON.parse(details) as Json,
    request_id: actor.requestId,
    personal_hash:
      personal === null ? null : createHash('sha256').update(salt).update(personal).digest('hex'),
  };
  const told = entry.event && {
    data: JSON.stringify(entry.event.data),
    patterns: patternsFor(entry.action).join(' '),
    customerId: entry.event.customerId === undefined ? customerId : entry.event.customerId,
  };
  return { event, mac: mac(auditEventText(event)), details, salt, personal, customerId, told };
}

/**
 * Writes the event into the change's own transaction: there is no change without it, and none of it without the change.
 * What no enabled subscription wants is not kept to be sent. A subscription hears of every change that is asked for after
 * its creation was answered, for this statement then sees it; of one that was under way meanwhile it may not.
 */
export const recordAudit = (
  manager: EntityManager,
  actor: Actor,
  now: Date,
  entry: AuditEntry,
): Promise<void> => recordAudits(manager, actor, now, [entry]);

/** The same for many at once, in one statement. */
export const recordAudits = (
  manager: EntityManager,
  actor: Actor,
  now: Date,
  entries: readonly AuditEntry[],
): Promise<void> =>
  recordDeeds(
    manager,
    entries.map((entry) => ({ actor, now, entry })),
  );

/** The same for what several have done. */
export async function recordDeeds(manager: EntityManager, deeds: readonly Deed[]): Promise<void> {
  const run = await inTransaction(manager);
  const mac = auditMacOf(manager.dataSource);
  const rows = deeds.map((deed) => rowOf(mac, deed));
  await run(RECORD_AUDITS, [
    rows.map(({ event }) => event.id),
    rows.map((row) => row.mac),
    rows.map(({ event }) => event.action),
    rows.map(({ event }) => event.subject_type),
    rows.map(({ event }) => event.subject_id),
    rows.map(({ details }) => details),
    rows.map(({ event }) => event.personal_hash),
    rows.map(({ salt }) => salt),
    rows.map(({ personal }) => personal),
    rows.map(({ customerId }) => customerId),
    rows.map(({ told }) => told?.data ?? null),
    rows.map(({ told }) => told?.patterns ?? null),
    deeds.map(({ now }) => now),
    rows.map(({ event }) => event.actor_type),
    rows.map(({ event }) => event.actor_id),
    rows.map(({ event }) => event.request_id),
    rows.map(({ told }) => told?.customerId ?? null),
  ]);
}
