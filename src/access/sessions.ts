import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { generateSecret, kindOf } from './secret-tokens.js';
import { Clock } from '../clock.js';
import { recordAudit } from '../database/audit.js';
import {
  deleteExpiredSessions,
  deleteSession,
  findSession,
  insertSession,
  type SessionFacts,
} from '../database/credentials.js';
import { poolOf } from '../database/data-source.js';
import { inTransaction, onPool, type Run } from '../database/statements.js';
import type { Actor } from '../domain/actor.js';
import { Pepper, type KeyHash } from '../signing/data-keys.js';

export const SESSION_SECONDS = 86_400;

/** A session that holds at the moment it was looked up. */
export interface OpenSession {
  readonly hash: KeyHash<'session'>;
  readonly user: SessionFacts;
}

/** Log-ins, from the first to the last moment. The token is with its user alone; here is its keyed hash. */
@Injectable()
export class Sessions {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly pepper: Pepper,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** Begins a session in the transaction of `run` and sweeps up ended ones; answers the token, which is never told again. */
  async open(run: Run, userId: string, now: Date): Promise<string> {
    const token = generateSecret('session');
    const expiresAt = new Date(now.getTime() + SESSION_SECONDS * 1_000);
    await insertSession(run, { hash: this.pepper.hash('session', token), userId, now, expiresAt });
    await deleteExpiredSessions(run, now);
    return token;
  }

  /** Null for a token that is malformed, unknown or expired, and for a user who may no longer act. */
  async find(token: string): Promise<OpenSession | null> {
    if (kindOf(token) !== 'session') return null;
    const hash = this.pepper.hash('session', token);
    const user = await findSession(this.pool, hash);
    const holds = user !== null && this.clock.now() < user.expiresAt && user.status === 'active';
    return holds ? { hash, user } : null;
  }

  async close(session: OpenSession, actor: Actor): Promise<void> {
    const now = this.clock.now();
    await this.dataSource.transaction(async (manager) => {
      // Two log-outs at once end one session.
      if (!(await deleteSession(await inTransaction(manager), session.hash))) return;
      await recordAudit(manager, actor, now, {
        action: 'user.logged_out',
        subjectType: 'user',
        subjectId: session.user.userId,
      });
    });
  }
}
