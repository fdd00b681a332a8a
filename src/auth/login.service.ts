import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { isOutdated, Passwords } from '../access/passwords.js';
import { Clock } from '../clock.js';
import { recordAudit } from '../database/audit.js';
import { poolOf } from '../database/data-source.js';
import {
  acceptLogin,
  findLogin,
  recordFailedLogin,
  type LockRule,
  type LoginFacts,
} from '../database/logins.js';
import { inTransaction, onPool, type Run } from '../database/statements.js';
import type { Actor } from '../domain/actor.js';
import { unauthorized } from '../http/errors.js';
import { Sessions } from '../access/sessions.js';

/** Ten guesses a quarter of an hour: a thousand a day against one account, from however many addresses. */
const LOCK: LockRule = { failures: 10, lockedForSeconds: 900 };

export interface Login {
  readonly token: string;
  readonly user: LoginFacts;
}

type Refusal = 'unknown user' | 'wrong password' | 'suspended' | 'locked' | 'changed meanwhile';

/** Why a log-in fails; null when it does not. For the audit log alone: the caller hears the same words every time. */
export function refusalOf(user: LoginFacts | null, matches: boolean, now: Date): Refusal | null {
  if (user === null) return 'unknown user';
  if (user.status !== 'active') return 'suspended';
  if (user.lockedUntil !== null && now < user.lockedUntil) return 'locked';
  return matches ? null : 'wrong password';
}

/**
 * Logs in by name and password. Whatever is wrong takes the same words, one verification of a password and one transaction,
 * so that neither the answer nor its time tells whether there is such a user.
 */
@Injectable()
export class LoginService {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly passwords: Passwords,
    private readonly sessions: Sessions,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** @throws ApiError 401, or 503 when too many log in at once */
  async login(
    { username, password }: { readonly username: string; readonly password: string },
    from: Pick<Actor, 'address' | 'requestId'>,
  ): Promise<Login> {
    const now = this.clock.now();
    const user = await findLogin(this.pool, username);
    const matches = await this.passwords.verify(user?.passwordHash ?? null, password);
    const refusal = refusalOf(user, matches, now);
    const actor: Actor = { type: 'user', id: null, ...from };
    if (user === null || refusal !== null) return this.refuse(user, refusal ?? 'unknown user', actor, now);
    const token = await this.accept(user, password, actor, now);
    return token === null ? this.refuse(user, 'changed meanwhile', actor, now) : { token, user };
  }

  /** Null when the account was locked or changed while the password was verified. */
  private async accept(user: LoginFacts, password: string, actor: Actor, now: Date): Promise<string | null> {
    const verifiedHash = user.passwordHash ?? '';
    const newHash = isOutdated(verifiedHash) ? await this.passwords.hash(password) : verifiedHash;
    return this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      if (!(await acceptLogin(run, { userId: user.userId, verifiedHash, newHash, now }))) return null;
      const token = await this.sessions.open(run, user.userId, now);
      await recordAudit(manager, { ...actor, id: user.userId }, now, {
        action: 'user.logged_in',
        subjectType: 'user',
        subjectId: user.userId,
      });
      return token;
    });
  }

  private async refuse(user: LoginFacts | null, reason: Refusal, actor: Actor, now: Date): Promise<never> {
    await this.dataSource.transaction(async (manager) => {
      const userId = user?.userId ?? null;
      const locked = await recordFailedLogin(await inTransaction(manager), userId, now, LOCK);
      // The name that was typed is not kept: people type their password there.
      await recordAudit(manager, actor, now, {
        action: 'user.login_failed',
        subjectType: 'user',
        subjectId: userId,
        details: { reason, locked },
      });
    });
    throw unauthorized('Invalid credentials');
  }
}
