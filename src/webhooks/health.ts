import type { EntityManager } from 'typeorm';
import { recordAudit } from '../database/audit.js';
import { Webhook } from '../database/entities/index.js';
import { inTransaction } from '../database/statements.js';
import { noteFailure, noteAcceptance, type TakenDelivery } from '../database/webhook-deliveries.js';
import { SYSTEM } from '../domain/actor.js';
import { isSlowAnswer, reasonToDisable, type TryOutcome } from '../domain/webhook-retries.js';

/** Keeps account of how a receiver does, and disables a subscription whose receiver is given up. */
export async function noteHealth(
  manager: EntityManager,
  { webhookId, url }: TakenDelivery,
  { outcome, durationMs }: { readonly outcome: TryOutcome; readonly durationMs: number },
  now: Date,
): Promise<void> {
  const run = await inTransaction(manager);
  if (outcome === 'accepted') return noteAcceptance(run, webhookId, isSlowAnswer(durationMs));
  const health = await noteFailure(run, webhookId, now);
  const reason = health && reasonToDisable(outcome, health, now);
  if (health === null || reason === null) return;
  const columns = { enabled: false, disabledReason: reason, updatedAt: now };
  await manager.update(Webhook, { id: webhookId }, columns);
  await recordAudit(manager, SYSTEM, now, {
    action: 'webhook.disabled',
    subjectType: 'webhook',
    subjectId: webhookId,
    details: {
      origin: new URL(url).origin,
      reason,
      failing_since: health.failingSince,
      failures: health.failures,
    },
  });
}
