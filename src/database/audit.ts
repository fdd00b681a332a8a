import { createHash, randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../domain/actor.js';
import { AuditEvent, AuditPersonal } from './entities/index.js';

export interface AuditEntry {
  /** `subject.verb`, as the webhook of the same event is named: `license.revoked`, `activation.created`. */
  readonly action: string;
  readonly subjectType: string;
  readonly subjectId: string | null;
  /** No key, token, secret or password, and nothing that names a person. */
  readonly details?: Record<string, unknown>;
  /** What names a person beyond the actor's address: host names, addresses. */
  readonly personal?: Record<string, string | null>;
}

/** Writes the event into the change's own transaction: there is no change without it, and none of it without the change. */
export async function recordAudit(
  manager: EntityManager,
  actor: Actor,
  now: Date,
  entry: AuditEntry,
): Promise<void> {
  const id = uuidv7();
  const personal = Object.fromEntries(
    Object.entries({ address: actor.address, ...entry.personal })
      .filter(([, value]) => value !== null)
      // Sorted, so that the hash can be made again from what the database gives back.
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const salt = randomBytes(16);
  const data = JSON.stringify(personal);
  const hasPersonal = Object.keys(personal).length > 0;
  await manager.insert(AuditEvent, {
    id,
    occurredAt: now,
    actorType: actor.type,
    actorId: actor.id,
    action: entry.action,
    subjectType: entry.subjectType,
    subjectId: entry.subjectId,
    details: (entry.details ?? {}) as object,
    requestId: actor.requestId,
    personalHash: hasPersonal ? createHash('sha256').update(salt).update(data).digest('hex') : null,
  });
  if (hasPersonal) await manager.insert(AuditPersonal, { eventId: id, salt, data: personal as object });
}
