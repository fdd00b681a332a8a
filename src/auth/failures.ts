import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { recordAudit } from '../database/audit.js';
import { countFailure, type ProofPlace } from '../database/failed-proofs.js';
import type { LoginFacts } from '../database/logins.js';
import { inTransaction } from '../database/statements.js';
import type { Actor } from '../domain/actor.js';
import type { ProofPurpose } from '../domain/failed-proofs.js';
import type { LoginRefusal } from '../domain/login-refusal.js';
import { ApiError, unauthorized } from '../http/errors.js';
import { LIMITS, Limits } from '../http/limits/limits.js';
import { networkOf } from '../http/limits/network.js';

/** Where a proof of who one is comes from, and what it is to open. */
export const placeOf = (purpose: ProofPurpose, address: string | null): ProofPlace => ({
  purpose,
  network: networkOf(address ?? ''),
});

/**
 * Failed proofs of who one is: counted by account and network, which locks the one for the other, and by address, which is
 * then no longer answered whatever the account.
 */
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
  async refuse(
    user: LoginFacts | null,
    { reason, purpose }: { readonly reason: LoginRefusal; readonly purpose: ProofPurpose },
    actor: Actor,
    now: Date,
  ): Promise<never> {
    await this.limits.hit('failedLogins', actor.address ?? '');
    await this.dataSource.transaction(async (manager) => {
      const userId = user?.userId ?? null;
      const place = placeOf(purpose, actor.address);
      const locked = await countFailure(await inTransaction(manager), userId, place, now);
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
