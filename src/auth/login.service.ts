import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { isOutdated, Passwords } from '../access/passwords.js';
import { Sessions } from '../access/sessions.js';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import { findLock, forgetFailures, passesLock } from '../database/failed-proofs.js';
import { acceptLogin, findLogin, type LoginFacts } from '../database/logins.js';
import { inTransaction, onPool, type Run } from '../database/statements.js';
import { recordUserEvent } from '../database/user-events.js';
import type { Actor } from '../domain/actor.js';
import { loginRefusalOf, type LoginRefusal } from '../domain/login-refusal.js';
import { Failures, placeOf } from './failures.js';
import type { From } from './from.js';
import type { LoginRequest } from './login.dto.js';
import { SecondFactor, type Proof } from './totp/second-factor.js';

export interface Login {
  readonly token: string;
  readonly user: Pick<LoginFacts, 'username' | 'email' | 'role' | 'status'>;
}

/** What was verified, to be compared with what is there when the session begins. */
interface Verified {
  readonly user: LoginFacts;
  readonly password: string;
  /** Null for a user without a second factor. */
  readonly proof: Proof | null;
}

/** Rolls back a log-in that was found wanting halfway. */
class Refused extends Error {}

const PURPOSE = 'login';

/**
 * Logs in by name and password, and by a code where the user has a second factor. Whatever is wrong takes the same words, one
 * verification of a password and one transaction, so that neither the answer nor its time tells whether there is such a user.
 */
@Injectable()
export class LoginService {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly passwords: Passwords,
    private readonly sessions: Sessions,
    private readonly failures: Failures,
    private readonly secondFactor: SecondFactor,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /**
   * Null when a code is still wanted.
   * @throws ApiError 401, 429 when the address has failed too often, or 503 when too many log in at once
   */
  async login({ username, password, totp_code: code }: LoginRequest, from: From): Promise<Login | null> {
    await this.failures.admit(from.address);
    const now = this.clock.now();
    const place = placeOf(PURPOSE, from.address);
    const user = await findLogin(this.pool, username);
    const lockedUntil = await findLock(this.pool, user?.userId ?? null, place);
    const matches = await this.passwords.verify(user?.passwordHash ?? null, password);
    const refusal = loginRefusalOf(user && { status: user.status, lockedUntil }, matches, now);
    const actor: Actor = { type: 'user', id: null, address: from.address, requestId: from.requestId };
    const refuse = (reason: LoginRefusal) =>
      this.failures.refuse(user, { reason, purpose: PURPOSE }, actor, now);
    if (user === null || refusal !== null) return refuse(refusal ?? 'unknown user');
    const wantsCode = user.totpEnabledAt !== null;
    if (wantsCode && code === undefined) {
      // Whoever sent it knows the password.
      await this.dataSource.transaction((manager) =>
        recordUserEvent(manager, actor, now, user, { action: 'user.second_factor_wanted' }),
      );
      return null;
    }
    const proof = wantsCode ? this.secondFactor.proofOf(user, code ?? '', now) : null;
    if (wantsCode && proof === null) return refuse('wrong code');
    const token = await this.accept({ user, password, proof }, from, now);
    return token === null ? refuse('changed meanwhile') : { token, user };
  }

  /** Null when the account was locked or changed while it was verified, or the code is used up. */
  private async accept({ user, password, proof }: Verified, from: From, now: Date): Promise<string | null> {
    const { userId, customerId, totpEnabledAt, passwordHash } = user;
    const verifiedHash = passwordHash ?? '';
    const newHash = isOutdated(verifiedHash) ? await this.passwords.hash(password) : verifiedHash;
    return this.orNone(async (manager) => {
      const run = await inTransaction(manager);
      if (!(await passesLock(run, userId, placeOf(PURPOSE, from.address), now))) throw new Refused();
      if (proof !== null && !(await this.secondFactor.use(run, userId, proof))) throw new Refused();
      const isSame = await acceptLogin(run, { userId, verifiedHash, newHash, totpEnabledAt });
      if (!isSame) throw new Refused();
      await forgetFailures(run, userId, placeOf(PURPOSE, from.address));
      return this.sessions.open(manager, { userId, customerId, origin: 'password', now, ...from });
    });
  }

  /** Null for a log-in that is refused on its way, of which nothing stays: neither a code used up nor failures forgotten. */
  private async orNone<T>(work: (manager: EntityManager) => Promise<T>): Promise<T | null> {
    try {
      return await this.dataSource.transaction(work);
    } catch (error) {
      if (error instanceof Refused) return null;
      throw error;
    }
  }
}
