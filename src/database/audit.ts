import { createHash, randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../domain/actor.js';
import { canonicalJson, type Json } from '../domain/canonical-json.js';
import { patternsFor, type EventType } from '../domain/event-types.js';
import { inTransaction, type Statement } from './statements.js';

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

const RECORD_AUDIT: Statement = {
  name: 'record-audit',
  // One statement for all of it: an event is never without what belongs to it. What a panel of an erased customer says of
  // itself is not kept: nothing would ever erase it.
  text: `with event as (
      insert into audit_events (id, occurred_at, actor_type, actor_id, action, subject_type, subject_id, details,
        request_id, personal_hash)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id, action, occurred_at
    ), personal as (
      insert into audit_personal (event_id, salt, data) select id, $11::bytea, $12::jsonb from event
      where $12 is not null and not ($3 = 'panel'
        and exists (select from customers where id = $14::uuid and erased_at is not null))
    ), outgoing as (
      insert into events (id, type, occurred_at, customer_id, data)
      select id, action, occurred_at, $16::uuid, $13::jsonb from event
      where $13 is not null and exists (select from webhooks where enabled and events && $15::text[])
    )
    insert into audit_unsealed (event_id) select id from event`,
};

/** Null when it says nothing. One text for one value, so that the hash can be made again from what the database gives back. */
function personalText(personal: Readonly<Record<string, unknown>>): string | null {
  const told = Object.entries(personal).filter(([, value]) => value !== null && value !== undefined);
  if (told.length === 0) return null;
  // Through JSON once: dates become what the database will give back.
  return canonicalJson(JSON.parse(JSON.stringify(Object.fromEntries(told))) as Json);
}

/**
 * Writes the event into the change's own transaction: there is no change without it, and none of it without the change.
 * What no enabled subscription wants is not kept to be sent. A subscription hears of every change that is asked for after
 * its creation was answered, for this statement then sees it; of one that was under way meanwhile it may not.
 */
export async function recordAudit(
  manager: EntityManager,
  actor: Actor,
  now: Date,
  entry: AuditEntry,
): Promise<void> {
  const run = await inTransaction(manager);
  const data = personalText({ address: actor.address, ...entry.personal });
  const customerId = entry.customerId ?? null;
  const salt = randomBytes(16);
  await run(RECORD_AUDIT, [
    uuidv7(),
    now,
    actor.type,
    actor.id,
    entry.action,
    entry.subjectType,
    entry.subjectId,
    { ...entry.details, ...(customerId !== null && { customer_id: customerId }) },
    actor.requestId,
    data === null ? null : createHash('sha256').update(salt).update(data).digest('hex'),
    salt,
    data,
    entry.event === undefined ? null : JSON.stringify(entry.event.data),
    customerId,
    entry.event === undefined ? null : patternsFor(entry.action),
    entry.event?.customerId === undefined ? customerId : entry.event.customerId,
  ]);
}
