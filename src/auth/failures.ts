import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { recordAudit } from '../database/audit.js';
import { recordFailedLogin, type LockRule, type LoginFacts } from '../database/logins.js';
import { inTransaction } from '../database/statements.js';
import type { Actor } from '../domain/actor.js';
import { ApiError, unauthorized } from '../http/errors.js';
import { LIMITS, Limits } from '../http/limits/limits.js';

/** Ten guesses a quarter of an hour: a thousand a day against one account, from however many addresses. */
const LOCK: LockRule = { failures: 10, lockedForSeconds: 900 };

export type Refusal =
  'unknown user' | 'wrong password' | 'wrong code' | 'suspended' | 'locked' | 'changed meanwhile';

/** Why a log-in fails; null when it does not. For the audit log alone: the caller hears the same words every time. */
export function refusalOf(user: LoginFacts | null, matches: boolean, now: Date): Refusal | null {
  if (user === null) return 'unknown user';
  if (user.status !== 'active') return 'suspended';
  if (user.lockedUntil !== null && now < user.lockedUntil) return 'locked';
  return matches ? null : 'wrong password';
}

/** Failed proofs of who one is: counted by account, which locks it, and by address, which is then no longer answered. */
@Injectable()
export class Failures {
  constructor(
    private readonly dataSource: DataSource,
    private readonly limits: Limits,
  ) {}

  /**
   * Looks, before anything else, whether an address has failed too often, whatever the accounts.
   * @throws ApiError 429, with the headers that every one of these paths has
   */
  async admit(address: string): Promise<void> {
    const { remaining, resetAt } = await this.limits.peek('failedLogins', address);
    if (remaining > 0) return;
    throw new ApiError('RATE_LIMITED', {
      headers: {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(resetAt),
        // The contract's number, as for every 429 of these paths.
        'retry-after': String(LIMITS.authAddress.windowSeconds),
      },
    });
  }

  /**
   * Counts the failure, in the same words and about the same time whatever it was.
   * @throws ApiError 401, always
   */
  async refuse(user: LoginFacts | null, reason: Refusal, actor: Actor, now: Date): Promise<never> {
    await this.limits.hit('failedLogins', actor.address ?? '');
    await this.dataSource.transaction(async (manager) => {
      const userId = user?.userId ?? null;
      const locked = await recordFailedLogin(await inTransaction(manager), userId, now, LOCK);
      // The name that was typed is not kept: people type their password there.
      await recordAudit(manager, actor, now, {
        action: 'user.login_failed',
        subjectType: 'user',
        subjectId: userId,
        customerId: user?.customerId ?? null,
        details: { reason, locked },
      });
    });
    throw unauthorized('Invalid credentials');
  }
}
