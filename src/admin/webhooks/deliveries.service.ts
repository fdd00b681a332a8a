import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7, validate as isUuid } from 'uuid';
import { Clock } from '../../clock.js';
import { recordAudit } from '../../database/audit.js';
import { EventRow, Webhook, WebhookDelivery } from '../../database/entities/index.js';
import { ReadReplica } from '../../database/read-replica.js';
import { inTransaction } from '../../database/statements.js';
import { listDeliveries, loadAttempts, loadDelivery, type DeliveryView } from '../../database/webhook-log.js';
import { addDeliveries } from '../../database/webhook-outbox.js';
import type { Actor } from '../../domain/actor.js';
import { conflict, notFound } from '../../http/errors.js';
import type { LoggedDelivery } from './delivery-body.js';
import type { DeliveriesQuery } from './webhooks.dto.js';

/** What was sent of a subscription, and what is to be sent once more. */
@Injectable()
export class DeliveriesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly clock: Clock,
  ) {}

  async list(webhookId: string, query: DeliveriesQuery): Promise<[DeliveryView[], number]> {
    const { status, event_type: eventType, event_id: eventId } = query;
    return this.replica.read(async ({ manager }) => {
      const isKnown = isUuid(webhookId) && (await manager.existsBy(Webhook, { id: webhookId }));
      if (!isKnown) throw notFound('Webhook');
      return listDeliveries(manager, webhookId, query, { status, eventType, eventId });
    });
  }

  async get(webhookId: string, id: string): Promise<LoggedDelivery> {
    const { manager } = this.dataSource;
    const delivery = await find(manager, webhookId, id);
    return { delivery, attempts: await loadAttempts(manager, delivery.id) };
  }

  /** Due at once, with all its tries before it, under the id that it always had. @throws ApiError 409 while disabled */
  redeliver(webhookId: string, id: string, actor: Actor): Promise<DeliveryView> {
    const now = this.clock.now();
    return this.dataSource.transaction(async (manager) => {
      const webhook = await hold(manager, webhookId);
      const delivery = await find(manager, webhook.id, id);
      refuseDisabled(webhook);
      const again = { status: 'pending', tries: 0, nextAttemptAt: now, completedAt: null } as const;
      await manager.update(WebhookDelivery, { id: delivery.id }, again);
      await note(manager, webhook, { actor, now, action: 'webhook.redelivered', delivery });
      return { ...delivery, ...again };
    });
  }

  /** Sends a `ping`, whatever the subscription names. @throws ApiError 409 while disabled */
  test(webhookId: string, actor: Actor): Promise<DeliveryView> {
    const now = this.clock.now();
    return this.dataSource.transaction(async (manager) => {
      const webhook = await hold(manager, webhookId);
      refuseDisabled(webhook);
      const event = {
        id: uuidv7(),
        type: 'ping',
        occurredAt: now,
        customerId: null,
        data: { webhook_id: webhook.id },
        // For this one alone.
        dispatchedAt: now,
      };
      await manager.insert(EventRow, event);
      const made = { id: uuidv7(), eventId: event.id, webhookId: webhook.id };
      await addDeliveries(await inTransaction(manager), [made], now);
      const delivery = await find(manager, webhook.id, made.id);
      await note(manager, webhook, { actor, now, action: 'webhook.tested', delivery });
      return delivery;
    });
  }
}

/** The subscription, held so that it stays as it is until what is to be sent of it is there. */
async function hold(manager: EntityManager, id: string): Promise<Webhook> {
  const webhook = isUuid(id)
    ? await manager.findOne(Webhook, { where: { id }, lock: { mode: 'for_no_key_update' } })
    : null;
  if (webhook === null) throw notFound('Webhook');
  return webhook;
}

/** What is handed to a disabled one would lie there. @throws ApiError 409 */
function refuseDisabled({ enabled }: Webhook): void {
  if (!enabled) throw conflict('The webhook is disabled.');
}

async function find(manager: EntityManager, webhookId: string, id: string): Promise<DeliveryView> {
  const delivery = isUuid(webhookId) && isUuid(id) ? await loadDelivery(manager, webhookId, id) : null;
  if (delivery === null) throw notFound('Delivery');
  return delivery;
}

const note = (
  manager: EntityManager,
  webhook: Webhook,
  {
    actor,
    now,
    action,
    delivery,
  }: { actor: Actor; now: Date; action: 'webhook.redelivered' | 'webhook.tested'; delivery: DeliveryView },
): Promise<void> =>
  recordAudit(manager, actor, now, {
    action,
    subjectType: 'webhook',
    subjectId: webhook.id,
    details: { delivery_id: delivery.id, event_id: delivery.eventId, event_type: delivery.event.type },
  });
