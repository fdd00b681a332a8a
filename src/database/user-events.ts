import type { EntityManager } from 'typeorm';
import type { Actor } from '../domain/actor.js';
import { recordAudit, type AuditEntry } from './audit.js';

/** Whom an event is about. With the customer, so that an erasure finds it when the user is gone or another's. */
export interface UserSubject {
  readonly userId: string;
  readonly customerId: string | null;
}

/** Writes an event about a user into the transaction of what happened. */
export const recordUserEvent = (
  manager: EntityManager,
  actor: Actor,
  now: Date,
  { userId, customerId }: UserSubject,
  { action, ...told }: Pick<AuditEntry, 'action' | 'details' | 'personal'>,
): Promise<void> =>
  recordAudit(manager, actor, now, { action, ...told, subjectType: 'user', subjectId: userId, customerId });
