import type { EventType } from '../domain/event-types.js';
import type { ReceiverHealth } from '../domain/webhook-retries.js';
import type { Run, Statement } from './statements.js';

/** A delivery that this node makes an attempt at, with everything that is sent. */
export interface TakenDelivery {
  readonly id: string;
  readonly webhookId: string;
  readonly tries: number;
  readonly takenUntil: Date;
  readonly event: {
    readonly id: string;
    readonly type: EventType;
    readonly occurredAt: Date;
    readonly data: Readonly<Record<string, unknown>>;
  };
  readonly url: string;
  readonly sealedSecret: Buffer;
  readonly sealedPreviousSecret: Buffer | null;
  readonly previousSecretUntil: Date | null;
}

interface Row extends Omit<TakenDelivery, 'event'> {
  eventId: string;
  type: EventType;
  occurredAt: Date;
  data: Record<string, unknown>;
}

const TAKE: Statement = {
  name: 'take-webhook-delivery',
  text: `with taken as (
      update webhook_deliveries set taken_until = $3 where id = (
        select d.id from webhook_deliveries d join webhooks w on w.id = d.webhook_id and w.enabled
        where d.webhook_id = $1 and d.status = 'pending' and d.next_attempt_at <= $2
          and (d.taken_until is null or d.taken_until <= $2)
        order by d.next_attempt_at, d.id limit 1 for update of d skip locked
      ) returning id, event_id, webhook_id, tries, taken_until
    )
    select t.id, t.webhook_id as "webhookId", t.tries, t.taken_until as "takenUntil", e.id as "eventId", e.type,
      e.occurred_at as "occurredAt", e.data, w.url, w.sealed_secret as "sealedSecret",
      w.sealed_previous_secret as "sealedPreviousSecret", w.previous_secret_until as "previousSecretUntil"
    from taken t join events e on e.id = t.event_id join webhooks w on w.id = t.webhook_id`,
};

/** Takes the delivery of a subscription that has been due for longest; null when none is, or the subscription is disabled. */
export async function takeDelivery(
  run: Run,
  webhookId: string,
  { now, until }: { readonly now: Date; readonly until: Date },
): Promise<TakenDelivery | null> {
  const { rows } = await run<Row>(TAKE, [webhookId, now, until]);
  if (rows[0] === undefined) return null;
  const { eventId, type, occurredAt, data, ...rest } = rows[0];
  return { ...rest, event: { id: eventId, type, occurredAt, data } };
}

const GIVE_BACK: Statement = {
  name: 'give-back-webhook-delivery',
  text: `update webhook_deliveries set taken_until = null where id = $1 and taken_until = $2`,
};

/** Gives back a delivery whose attempt was broken off, for any node to take at once. */
export async function giveBack(run: Run, { id, takenUntil }: TakenDelivery): Promise<void> {
  await run(GIVE_BACK, [id, takenUntil]);
}

/** What one attempt came to, as the log keeps it. */
export interface AttemptRecord {
  readonly id: string;
  readonly attemptedAt: Date;
  readonly durationMs: number;
  readonly statusCode: number | null;
  readonly error: string | null;
}

const ADD_ATTEMPT: Statement = {
  name: 'add-webhook-attempt',
  // Of a delivery that has been deleted meanwhile nothing is kept.
  text: `with counted as (
      update webhook_deliveries set attempt_count = attempt_count + 1 where id = $2 returning id
    )
    insert into webhook_attempts (id, delivery_id, attempted_at, duration_ms, status_code, error)
    select $1, id, $3, $4, $5, $6 from counted`,
};

export async function addAttempt(run: Run, deliveryId: string, attempt: AttemptRecord): Promise<void> {
  const { id, attemptedAt, durationMs, statusCode, error } = attempt;
  await run(ADD_ATTEMPT, [id, deliveryId, attemptedAt, durationMs, statusCode, error]);
}

/** What an attempt leaves of its delivery; null dates where there are none. */
export interface DeliveryState {
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly nextAttemptAt: Date | null;
  readonly completedAt: Date | null;
}

const SETTLE: Statement = {
  name: 'settle-webhook-delivery',
  // A node that was thought dead may come late: a failure of its own says nothing then, but what arrived has arrived.
  text: `update webhook_deliveries
    set status = $3, next_attempt_at = $4, completed_at = $5, taken_until = null, tries = tries + 1
    where id = $1 and status = 'pending' and (taken_until = $2 or $3 = 'delivered')`,
};

export async function settle(
  run: Run,
  { id, takenUntil }: TakenDelivery,
  state: DeliveryState,
): Promise<void> {
  await run(SETTLE, [id, takenUntil, state.status, state.nextAttemptAt, state.completedAt]);
}

const ACCEPTED: Statement = {
  name: 'webhook-accepted',
  // Most accept as quickly as before: their row is left alone, for several attempts would wait for it.
  text: `update webhooks set failing_since = null, failures = 0, is_slow = $2
    where id = $1 and (failing_since is not null or is_slow <> $2)`,
};

const FAILED_AGAIN: Statement = {
  name: 'webhook-failed-again',
  text: `update webhooks set failing_since = coalesce(failing_since, $2), failures = failures + 1
    where id = $1 and enabled returning failing_since as "failingSince", failures`,
};

/** Notes that the receiver accepted something, and whether it took long over it. */
export async function noteAcceptance(run: Run, webhookId: string, isSlow: boolean): Promise<void> {
  await run(ACCEPTED, [webhookId, isSlow]);
}

/** Notes a failure and answers how the receiver has done; null when it is disabled or gone. Holds its row. */
export async function noteFailure(run: Run, webhookId: string, now: Date): Promise<ReceiverHealth | null> {
  return (
    (await run<{ failingSince: Date; failures: number }>(FAILED_AGAIN, [webhookId, now])).rows[0] ?? null
  );
}
