import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { isOutdated, Passwords } from '../access/passwords.js';
import { Sessions } from '../access/sessions.js';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import { acceptLogin, findLogin, type LoginFacts } from '../database/logins.js';
import { inTransaction, onPool, type Run } from '../database/statements.js';
import type { Actor } from '../domain/actor.js';
import { Failures, refusalOf } from './failures.js';
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
    const user = await findLogin(this.pool, username);
    const matches = await this.passwords.verify(user?.passwordHash ?? null, password);
    const refusal = refusalOf(user, matches, now);
    const actor: Actor = { type: 'user', id: null, address: from.address, requestId: from.requestId };
    if (user === null || refusal !== null) {
      return this.failures.refuse(user, refusal ?? 'unknown user', actor, now);
    }
    const wantsCode = user.totpEnabledAt !== null;
    if (wantsCode && code === undefined) return null;
    const proof = wantsCode ? this.secondFactor.proofOf(user, code ?? '', now) : null;
    if (wantsCode && proof === null) return this.failures.refuse(user, 'wrong code', actor, now);
    const token = await this.accept({ user, password, proof }, from, now);
    return token === null ? this.failures.refuse(user, 'changed meanwhile', actor, now) : { token, user };
  }

  /** Null when the account was locked or changed while it was verified, or the code is used up. */
  private async accept({ user, password, proof }: Verified, from: From, now: Date): Promise<string | null> {
    const { userId, customerId, totpEnabledAt, passwordHash } = user;
    const verifiedHash = passwordHash ?? '';
    const newHash = isOutdated(verifiedHash) ? await this.passwords.hash(password) : verifiedHash;
    return this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      // The code first: what follows forgets the failures, and a code that is used up is one of them.
      if (proof !== null && !(await this.secondFactor.use(run, userId, proof))) return null;
      if (!(await acceptLogin(run, { userId, verifiedHash, newHash, totpEnabledAt, now }))) return null;
      return this.sessions.open(manager, { userId, customerId, origin: 'password', now, ...from });
    });
  }
}
