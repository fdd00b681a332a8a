import type { EventType } from '../domain/event-types.js';
import type { Run, Statement } from './statements.js';

/** An event that no delivery was made of yet. */
export interface UndispatchedEvent {
  readonly id: string;
  readonly type: EventType;
}

/** A subscription that is sent to. */
export interface Listener {
  readonly id: string;
  readonly events: readonly string[];
}

export interface NewDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly webhookId: string;
}

const UNDISPATCHED: Statement = {
  name: 'undispatched-events',
  // What another node is at is skipped: each event is dispatched once, and nobody waits.
  text: `select id, type from events where dispatched_at is null order by id limit $1 for update skip locked`,
};

/** Takes the oldest events that nobody dispatches yet, held until the commit. */
export async function takeUndispatched(run: Run, limit: number): Promise<UndispatchedEvent[]> {
  return (await run<UndispatchedEvent>(UNDISPATCHED, [limit])).rows;
}

const LISTENERS: Statement = {
  name: 'webhook-listeners',
  // Held against a deletion until the deliveries are in: they could not be made of a subscription that is gone.
  text: `select id, events from webhooks where enabled order by id for key share`,
};

export async function loadListeners(run: Run): Promise<Listener[]> {
  return (await run<Listener>(LISTENERS, [])).rows;
}

const ADD_DELIVERIES: Statement = {
  name: 'add-webhook-deliveries',
  text: `insert into webhook_deliveries (id, event_id, webhook_id, status, next_attempt_at, created_at)
    select id, event_id, webhook_id, 'pending', $4, $4
    from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as made (id, event_id, webhook_id)
    on conflict (event_id, webhook_id) do nothing`,
};

/** Deliveries that are due at once. */
export async function addDeliveries(run: Run, made: readonly NewDelivery[], now: Date): Promise<void> {
  await run(ADD_DELIVERIES, [
    made.map(({ id }) => id),
    made.map(({ eventId }) => eventId),
    made.map(({ webhookId }) => webhookId),
    now,
  ]);
}

const MARK_DISPATCHED: Statement = {
  name: 'mark-events-dispatched',
  text: `update events set dispatched_at = $2 where id = any($1::uuid[])`,
};

export async function markDispatched(run: Run, ids: readonly string[], now: Date): Promise<void> {
  await run(MARK_DISPATCHED, [ids, now]);
}

/** A subscription with something due that nobody sends. */
export interface UnservedWebhook {
  readonly id: string;
  /** Whether its receiver fails or takes long: no other should wait behind it. */
  readonly isTardy: boolean;
}

const TAKE_UNSERVED: Statement = {
  name: 'take-unserved-webhooks',
  text: `update webhooks set served_until = $2 where id in (
      select w.id from webhooks w
      where w.enabled and (w.served_until is null or w.served_until <= $1)
        and exists (
          select from webhook_deliveries d
          where d.webhook_id = w.id and d.status = 'pending' and d.next_attempt_at <= $1
            and (d.taken_until is null or d.taken_until <= $1)
        )
      for no key update of w skip locked
    ) returning id, failing_since is not null or is_slow as "isTardy"`,
};

/** Takes every subscription that has something due and is served by nobody; it counts as served until then. */
export async function takeUnserved(run: Run, now: Date, until: Date): Promise<UnservedWebhook[]> {
  return (await run<UnservedWebhook>(TAKE_UNSERVED, [now, until])).rows;
}

const SERVE: Statement = {
  name: 'serve-webhook',
  text: `update webhooks set served_until = $2 where id = $1 and enabled
    returning failing_since is not null as "isFailing"`,
};

/** Says that this node serves the subscription from now until then; null when it is disabled or gone. */
export async function serveWebhook(
  run: Run,
  id: string,
  until: Date,
): Promise<{ readonly isFailing: boolean } | null> {
  return (await run<{ isFailing: boolean }>(SERVE, [id, until])).rows[0] ?? null;
}

const LEAVE: Statement = {
  name: 'leave-webhook',
  // Whoever has taken it over since keeps it.
  text: `update webhooks set served_until = null where id = $1 and served_until = $2`,
};

/** Says that nobody serves the subscription any more: what is due by now can be taken on at once. */
export async function leaveWebhook(run: Run, id: string, until: Date): Promise<void> {
  await run(LEAVE, [id, until]);
}
