import type { EntityManager } from 'typeorm';
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

const deliveriesOf = (manager: ListManager, webhookId: string) =>
  manager
    .createQueryBuilder(WebhookDelivery, 'delivery')
    .innerJoinAndMapOne('delivery.event', EventRow, 'event', 'event.id = delivery.eventId')
    .where('delivery.webhookId = :webhookId', { webhookId });

/** One page of the deliveries of a subscription, and how many there are in all. */
export async function listDeliveries(
  manager: ListManager,
  webhookId: string,
  request: PageRequest,
  { status, eventType, eventId }: DeliveryFilters,
): Promise<[DeliveryView[], number]> {
  const [rows, total] = await listPage(deliveriesOf(manager, webhookId), request, {
    searched: ['event.type'],
    sorted: DELIVERIES_SORTED,
    filtered: { 'delivery.status': status, 'event.type': eventType, 'delivery.eventId': eventId },
  });
  return [rows as DeliveryView[], total];
}

/** One delivery of a subscription; null for none. */
export async function loadDelivery(
  manager: EntityManager,
  webhookId: string,
  id: string,
): Promise<DeliveryView | null> {
  const found = await deliveriesOf(manager, webhookId).andWhere('delivery.id = :id', { id }).getOne();
  return found as DeliveryView | null;
}

/** The attempts of a delivery, the first one first. */
export function loadAttempts(manager: EntityManager, deliveryId: string): Promise<WebhookAttempt[]> {
  return manager.find(WebhookAttempt, { where: { deliveryId }, order: { attemptedAt: 'ASC', id: 'ASC' } });
}
