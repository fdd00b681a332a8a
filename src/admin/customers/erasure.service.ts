import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { Clock } from '../../clock.js';
import { recordAudit } from '../../database/audit.js';
import { eraseAnswers } from '../../database/idempotency-keys.js';
import { eraseCustomerEvents, eraseLicenses, eraseUsers } from '../../database/customer-erasure.js';
import { Customer } from '../../database/entities/index.js';
import { inTransaction } from '../../database/statements.js';
import type { Actor } from '../../domain/actor.js';
import { conflict, notFound } from '../../http/errors.js';
import type { Change } from '../records.js';
import { customerBody } from './customer-body.js';

/** Under a lock that whoever gives the customer a license or a user waits for. */
async function hold(manager: EntityManager, id: string): Promise<Customer> {
  const customer = isUuid(id)
    ? await manager.findOne(Customer, { where: { id }, lock: { mode: 'pessimistic_write' } })
    : null;
  if (customer === null) throw notFound('Customer');
  if (customer.erasedAt !== null) throw conflict('The customer has already been erased.');
  return customer;
}

/**
 * Erases a customer: afterwards nothing that is kept here names a person.
 *
 * Erased: name, email and metadata of the customer; its users with their sessions, recovery codes and prepared log-ins;
 * metadata and status reason of its licenses; host names and addresses of their seats, released ones included; the reasons
 * for which hardware of these seats, or of seats that it once had, is blocked; the personal side of every audit event about
 * what was the customer's at that moment, whoever has it now, and of those from before it was anybody's, unless it has been
 * another customer's as well; the data of outgoing events alike, sent or not; and answers that are kept for an
 * Idempotency-Key. What was another's stays until that one is erased.
 *
 * Stays: the customer as an id that licenses and counts hang on; licenses with their state, dates, limits and keys; seats,
 * their hardware ids, versions and usage; moves; the audit events themselves, and the chain, which covers a salted hash of
 * what was erased. Panels go on working, and what they say of themselves from now on is not kept.
 */
@Injectable()
export class ErasureService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** @throws 404 for no such customer, 409 for one that has been erased */
  erase(id: string, actor: Actor): Promise<Customer> {
    const change: Change = { actor, now: this.clock.now() };
    return this.dataSource.transaction((manager) => this.eraseAs(manager, id, change));
  }

  private async eraseAs(manager: EntityManager, id: string, { actor, now }: Change): Promise<Customer> {
    const run = await inTransaction(manager);
    const customer = await hold(manager, id);
    const users = await eraseUsers(run, customer.id, now);
    const licenses = await eraseLicenses(run, customer.id, now);
    await eraseCustomerEvents(run, customer.id);
    await eraseAnswers(run, [customer.id]);
    const erased = { name: null, email: null, metadata: {}, erasedAt: now, updatedAt: now };
    await manager.update(Customer, { id: customer.id }, erased);
    for (const userId of users) {
      await recordAudit(manager, actor, now, {
        action: 'user.deleted',
        subjectType: 'user',
        subjectId: userId,
        customerId: customer.id,
      });
    }
    const after = { ...customer, ...erased };
    await recordAudit(manager, actor, now, {
      action: 'customer.erased',
      subjectType: 'customer',
      subjectId: customer.id,
      customerId: customer.id,
      details: { licenses, users: users.length },
      event: { data: customerBody(after) },
    });
    return after;
  }
}
