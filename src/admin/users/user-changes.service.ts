import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type EntityMetadata } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { refuseGuessable } from '../../access/password-strength.js';
import { Passwords } from '../../access/passwords.js';
import { Clock } from '../../clock.js';
import type { AuditEntry } from '../../database/audit.js';
import { differences, personalDifferences, wholeRow } from '../../database/differences.js';
import { User } from '../../database/entities/index.js';
import { forgetFailures } from '../../database/failed-proofs.js';
import { clearSecondFactor } from '../../database/second-factors.js';
import { deleteSessionsOf } from '../../database/sessions.js';
import { leaveCustomer } from '../../database/customer-trail.js';
import { inTransaction } from '../../database/statements.js';
import { recordUserEvent } from '../../database/user-events.js';
import { violatedConstraint } from '../../database/violations.js';
import { conflict, notFound } from '../../http/errors.js';
import type { Asker } from '../asker.js';
import { holdAdmins, refuseBeyond, requireCustomer } from './user-rules.js';
import { changedUser, endsSessions, losesAdmin } from './user-states.js';
import type { UpdateUser } from './users.dto.js';
import { USERS, UsersService } from './users.service.js';

/** Kept out of the details of an event: the names are told where that can be erased, the rest nowhere. */
const UNTOLD = [...USERS.personal, ...USERS.withheld] as const;

/** What the audit log tells of a change. */
interface Noted extends Pick<AuditEntry, 'action' | 'customerId' | 'details' | 'personal'> {}

const OWN_PASSWORD = 'Your own password is changed by /auth/password.';

/** Changes of users that may take something away: an admin, a session, a second factor. */
@Injectable()
export class UserChangesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
    private readonly clock: Clock,
  ) {}

  /** @throws ApiError 403 for a user or a role that reaches further than the asker, 404, 409; FieldErrors */
  async update(id: string, { password, ...body }: UpdateUser, asker: Asker): Promise<User> {
    const now = this.clock.now();
    // Outside of the transaction, which holds the admins: both take their time.
    const passwordHash =
      password === undefined ? undefined : await this.judged(id, { password, ...body }, asker);
    return this.write(async (manager) => {
      const mayLose = await holdAdmins(manager);
      const row = await lockUser(manager, id);
      const changed = changedUser(row, { ...body, passwordHash });
      refuseBeyond(asker, [row.role, changed.role]);
      if (losesAdmin(row, changed)) mayLose(row.id);
      if (changed.customerId !== row.customerId || changed.role !== row.role) {
        await requireCustomer(manager, changed);
      }
      const changes = differences(this.metadata, row, changed, UNTOLD);
      if (Object.keys(changes).length === 0) return row;
      const { id: _id, createdAt: _createdAt, ...columns } = { ...changed, updatedAt: now };
      await manager.update(User, { id: row.id }, columns);
      if (passwordHash !== undefined) await forgetFailures(await inTransaction(manager), row.id);
      if (endsSessions(row, changed)) await deleteSessionsOf(await inTransaction(manager), row.id);
      const personal = personalDifferences(this.metadata, row, changed, USERS.personal);
      const isHandedOver = row.customerId !== null && row.customerId !== changed.customerId;
      if (isHandedOver) await this.leave(manager, row, now);
      await this.note(manager, asker, now, changed, {
        action: 'user.updated',
        // Of whom it was: an erasure of that customer must find it.
        customerId: row.customerId ?? changed.customerId,
        details: { changes },
        ...(Object.keys(personal).length > 0 && { personal: { changes: personal } }),
        // What the user is called from now on is not for the former customer to read.
        ...(isHandedOver && { personal: { username: row.username, email: row.email } }),
      });
      return { ...changed, updatedAt: now };
    });
  }

  /** @throws ApiError 403 for a user that reaches further than the asker, 404, 409 for the last active admin */
  async remove(id: string, asker: Asker): Promise<void> {
    const now = this.clock.now();
    await this.write(async (manager) => {
      const mayLose = await holdAdmins(manager);
      const row = await lockUser(manager, id);
      refuseBeyond(asker, [row.role]);
      mayLose(row.id);
      await manager.delete(User, { id: row.id });
      await this.leave(manager, row, now);
      await this.note(manager, asker, now, row, {
        action: 'user.deleted',
        details: { changes: wholeRow(this.metadata, row, 'deleted', UNTOLD) },
      });
    });
  }

  /** For a user who has lost app and recovery codes: the password alone logs in again. Sessions end. */
  async resetSecondFactor(id: string, asker: Asker): Promise<User> {
    const now = this.clock.now();
    return this.write(async (manager) => {
      const row = await lockUser(manager, id);
      refuseBeyond(asker, [row.role]);
      refuseOwn(asker, row, 'Your own second factor is turned off by /auth/totp/disable.');
      const run = await inTransaction(manager);
      if (!(await clearSecondFactor(run, row.id))) return row;
      await deleteSessionsOf(run, row.id);
      await this.note(manager, asker, now, row, { action: 'user.two_factor_reset' });
      return { ...row, totpSecret: null, totpEnabledAt: null, totpLastStep: null };
    });
  }

  /** The hash of a password that is good enough for who the user becomes; refuses what the change itself would be refused for. */
  private async judged(
    id: string,
    { password, ...body }: UpdateUser & { readonly password: string },
    asker: Asker,
  ): Promise<string> {
    const row = await this.users.get(id);
    const { role, username, email } = changedUser(row, body);
    refuseBeyond(asker, [row.role, role]);
    refuseOwn(asker, row, OWN_PASSWORD);
    await refuseGuessable('password', password, [username, email]);
    return this.passwords.hash(password);
  }

  private get metadata(): EntityMetadata {
    return this.dataSource.getMetadata(User);
  }

  private async leave(manager: EntityManager, { id, customerId }: User, now: Date): Promise<void> {
    if (customerId !== null) await leaveCustomer(await inTransaction(manager), 'user', id, customerId, now);
  }

  private note(
    manager: EntityManager,
    { actor }: Asker,
    now: Date,
    { id, role, customerId, username, email }: User,
    { customerId: told = customerId, action, details, personal }: Noted,
  ): Promise<void> {
    return recordUserEvent(
      manager,
      actor,
      now,
      { userId: id, customerId: told },
      { action, details: { role, ...details }, personal: { username, email, ...personal } },
    );
  }

  private async write<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await this.dataSource.transaction(work);
    } catch (error) {
      const conflicts: Readonly<Record<string, () => Error>> = USERS.conflicts;
      throw conflicts[violatedConstraint(error) ?? '']?.() ?? error;
    }
  }
}

/** A session alone, which may be stolen, must not be enough to take over the account. @throws ApiError 409 */
function refuseOwn({ actor }: Asker, { id }: User, instead: string): void {
  if (actor.type === 'user' && actor.id === id) throw conflict(instead);
}

/** The user, locked for the transaction; 404 for none, and for an id that is none. */
export async function lockUser(manager: EntityManager, id: string): Promise<User> {
  const user = isUuid(id)
    ? await manager.findOne(User, { where: { id }, lock: { mode: 'for_no_key_update' } })
    : null;
  if (user === null) throw notFound('User');
  return user;
}
