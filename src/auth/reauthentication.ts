import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Passwords } from '../access/passwords.js';
import { poolOf } from '../database/data-source.js';
import { findLoginById, type LoginFacts } from '../database/logins.js';
import { onPool, type Run } from '../database/statements.js';
import type { Actor } from '../domain/actor.js';
import { Failures, refusalOf } from './failures.js';

/** Asks who is logged in for the password once more: a session that was stolen must not be enough to take over the account. */
@Injectable()
export class Reauthentication {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    private readonly passwords: Passwords,
    private readonly failures: Failures,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** @throws ApiError 401 for a wrong password, counted like a failed log-in; 429 when the address has failed too often */
  async confirm(password: string, actor: Actor, now: Date): Promise<LoginFacts> {
    await this.failures.admit(actor.address ?? '');
    const user = await findLoginById(this.pool, actor.id ?? '');
    const matches = await this.passwords.verify(user?.passwordHash ?? null, password);
    const refusal = refusalOf(user, matches, now);
    if (user === null || refusal !== null) {
      return this.failures.refuse(user, refusal ?? 'unknown user', actor, now);
    }
    return user;
  }
}
