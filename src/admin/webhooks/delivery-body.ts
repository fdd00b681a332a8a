import type { WebhookAttempt } from '../../database/entities/index.js';
import type { DeliveryView } from '../../database/webhook-log.js';
import { EVENT_TYPES, type EventType } from '../../domain/event-types.js';
import {
  anyObject,
  choice,
  id,
  instant,
  integer,
  list,
  nullable,
  object,
  resource,
  text,
  type Wire,
} from '../../http/shapes.js';
import { DELIVERY_STATUSES } from './webhooks.dto.js';

const FIELDS = {
  id: id('Delivery'),
  event_id: id('Event', { description: 'The `webhook-id` of every attempt.' }),
  event_type: choice(EVENT_TYPES),
  status: choice(DELIVERY_STATUSES, { example: 'delivered' }),
  attempt_count: integer(),
  next_attempt_at: nullable(instant({ description: 'While it is pending.' }), { example: null }),
  created_at: instant(),
  completed_at: nullable(instant({ description: 'When it was delivered or had failed for good.' })),
};

export const DELIVERY = resource('WebhookDelivery', FIELDS);

const ATTEMPT = resource('WebhookAttempt', {
  attempted_at: instant(),
  duration_ms: integer({ example: 84 }),
  status_code: nullable(integer({ min: 100, example: 204 })),
  error: nullable(text({ example: 'The connection was refused.' }), { example: null }),
});

export const DELIVERY_WITH_ATTEMPTS = object({
  ...FIELDS,
  attempts: list(ATTEMPT, { description: 'The first one first. Of an answer its status alone is kept.' }),
  payload: object({
    type: choice(EVENT_TYPES),
    timestamp: instant(),
    data: anyObject({ example: { id: '0195f3c2-0000-7000-8000-000000000000' } }),
  }),
});

export const deliveryBody = (delivery: DeliveryView): Wire<typeof DELIVERY> => ({
  id: delivery.id,
  event_id: delivery.eventId,
  event_type: delivery.event.type as EventType,
  status: delivery.status,
  attempt_count: delivery.attemptCount,
  next_attempt_at: delivery.nextAttemptAt,
  created_at: delivery.createdAt,
  completed_at: delivery.completedAt,
});

const attemptBody = (attempt: WebhookAttempt): Wire<typeof ATTEMPT> => ({
  attempted_at: attempt.attemptedAt,
  duration_ms: attempt.durationMs,
  status_code: attempt.statusCode,
  error: attempt.error,
});

/** A delivery with all that is known of it. */
export interface LoggedDelivery {
  readonly delivery: DeliveryView;
  readonly attempts: readonly WebhookAttempt[];
}

export const loggedDeliveryBody = ({
  delivery,
  attempts,
}: LoggedDelivery): Wire<typeof DELIVERY_WITH_ATTEMPTS> => ({
  ...deliveryBody(delivery),
  attempts: attempts.map(attemptBody),
  payload: {
    type: delivery.event.type as EventType,
    timestamp: delivery.event.occurredAt,
    data: delivery.event.data,
  },
});
