import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Passwords } from '../access/passwords.js';
import { poolOf } from '../database/data-source.js';
import { findLock, passesLock } from '../database/failed-proofs.js';
import { findLoginById, type LoginFacts } from '../database/logins.js';
import { inTransaction, onPool, type Run } from '../database/statements.js';
import type { Actor } from '../domain/actor.js';
import { loginRefusalOf, type LoginRefusal } from '../domain/login-refusal.js';
import { Failures, placeOf } from './failures.js';

const PURPOSE = 'reauthentication';

/** Asks who is logged in for the password once more: a session that was stolen must not be enough to take over the account. */
@Injectable()
export class Reauthentication {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly passwords: Passwords,
    private readonly failures: Failures,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** @throws ApiError 401 for a wrong password, counted like a failed log-in; 429 when the address has failed too often */
  async confirm(password: string, actor: Actor, now: Date): Promise<LoginFacts> {
    await this.failures.admit(actor.address ?? '');
    const user = await findLoginById(this.pool, actor.id ?? '');
    const place = placeOf(PURPOSE, actor.address);
    const lockedUntil = await findLock(this.pool, user?.userId ?? null, place);
    const matches = await this.passwords.verify(user?.passwordHash ?? null, password);
    const reason = loginRefusalOf(user && { status: user.status, lockedUntil }, matches, now);
    if (user === null || reason !== null) {
      return this.refuse(user, reason ?? 'unknown user', actor, now);
    }
    // Once more, for guesses that came all at once.
    const passes = await this.dataSource.transaction(async (manager) =>
      passesLock(await inTransaction(manager), user.userId, place, now),
    );
    return passes ? user : this.refuse(user, 'locked', actor, now);
  }

  /** Counts what went wrong inside a session. @throws ApiError 401, always */
  refuse(user: LoginFacts | null, reason: LoginRefusal, actor: Actor, now: Date): Promise<never> {
    return this.failures.refuse(user, { reason, purpose: PURPOSE }, actor, now);
  }
}
