import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { EventType } from '../domain/event-types.js';
import { EventRow, WebhookAttempt, WebhookDelivery } from './entities/index.js';
import { listPage, type ListManager, type PageRequest } from './list.js';

/** A delivery with the event that it is of. */
export interface DeliveryView extends WebhookDelivery {
  readonly event: EventRow;
}

/** The names that deliveries can be sorted by. */
export const DELIVERIES_SORTED = {
  created_at: 'delivery.createdAt',
  next_attempt_at: 'delivery.nextAttemptAt',
  completed_at: 'delivery.completedAt',
} as const;

export interface DeliveryFilters {
  readonly status?: WebhookDelivery['status'];
  readonly eventType?: EventType;
  readonly eventId?: string;
}

type Builder = SelectQueryBuilder<WebhookDelivery>;

const deliveriesOf = (manager: ListManager, webhookId: string): Builder =>
  manager
    .createQueryBuilder(WebhookDelivery, 'delivery')
    .where('delivery.webhookId = :webhookId', { webhookId });

const withEvent = (builder: Builder): Builder =>
  builder.innerJoinAndMapOne('delivery.event', EventRow, 'event', 'event.id = delivery.eventId');

const ofEvent = (condition: string) =>
  `exists (select from events e where e.id = delivery.eventId and ${condition})`;

/** One page of the deliveries of a subscription, and how many there are in all. */
export async function listDeliveries(
  manager: ListManager,
  webhookId: string,
  request: PageRequest,
  { status, eventType, eventId }: DeliveryFilters,
): Promise<[DeliveryView[], number]> {
  const builder = deliveriesOf(manager, webhookId);
  if (eventType !== undefined) builder.andWhere(ofEvent('e.type = :eventType'), { eventType });
  const [rows, total] = await listPage(
    builder,
    request,
    {
      searched: [],
      orFoundBy: { condition: ofEvent('e.type ilike :q'), values: {} },
      sorted: DELIVERIES_SORTED,
      filtered: { 'delivery.status': status, 'delivery.eventId': eventId },
    },
    withEvent,
  );
  return [rows as DeliveryView[], total];
}

/** One delivery of a subscription; null for none. */
export async function loadDelivery(
  manager: EntityManager,
  webhookId: string,
  id: string,
): Promise<DeliveryView | null> {
  const found = await withEvent(deliveriesOf(manager, webhookId))
    .andWhere('delivery.id = :id', { id })
    .getOne();
  return found as DeliveryView | null;
}

/** The attempts of a delivery, the first one first. */
export function loadAttempts(manager: EntityManager, deliveryId: string): Promise<WebhookAttempt[]> {
  return manager.find(WebhookAttempt, { where: { deliveryId }, order: { attemptedAt: 'ASC', id: 'ASC' } });
}
