import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { generateSecret } from './secret-tokens.js';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import {
  deleteExpiredSessions,
  deleteSession,
  deleteSessionsOf,
  findSession,
  insertSession,
  openSessionsOf,
  touchSession,
  type ListedSession,
  type NewSession,
  type SessionFacts,
} from '../database/sessions.js';
import { inTransaction, onPool, type Run } from '../database/statements.js';
import { recordUserEvent, type UserSubject } from '../database/user-events.js';
import type { Actor } from '../domain/actor.js';
import { idleSince, isOpen, noteUseUpTo, SESSION_SECONDS } from '../domain/session-life.js';
import { notFound } from '../http/errors.js';
import { Pepper } from '../signing/data-keys.js';

/** A user agent names itself at any length. */
const MAX_USER_AGENT = 255;

/** A log-in that was found good. */
export interface Beginning
  extends Pick<NewSession, 'userId' | 'origin' | 'address' | 'userAgent' | 'now'>, UserSubject {
  readonly requestId: string | null;
  /** What else the audit log is to tell of it. */
  readonly details?: Readonly<Record<string, unknown>>;
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

  /** Begins a session in the transaction and sweeps up ended ones; answers the token, which is never told again. */
  async open(manager: EntityManager, { requestId, details, ...beginning }: Beginning): Promise<string> {
    const { userId, now, origin, address } = beginning;
    const run = await inTransaction(manager);
    const token = generateSecret('session');
    await insertSession(run, {
      ...beginning,
      hash: this.pepper.hash('session', token),
      userAgent: beginning.userAgent?.slice(0, MAX_USER_AGENT) ?? null,
      expiresAt: new Date(now.getTime() + SESSION_SECONDS * 1_000),
    });
    await deleteExpiredSessions(run, now);
    const actor: Actor = { type: 'user', id: userId, address, requestId };
    await recordUserEvent(manager, actor, now, beginning, {
      action: 'user.logged_in',
      details: { origin, ...details },
    });
    return token;
  }

  /**
   * Who is behind a token; null for one that is malformed, unknown or over, and for a user who may no longer act. Each costs
   * one look into the database, so that the time does not tell one from another.
   */
  async find(token: string): Promise<SessionFacts | null> {
    const now = this.clock.now();
    const hash = this.pepper.hash('session', token);
    const session = await findSession(this.pool, hash);
    if (session === null || !isOpen(session, now)) return null;
    const upTo = noteUseUpTo(now);
    if (session.lastSeenAt <= upTo) await touchSession(this.pool, hash, { now, upTo });
    return session;
  }

  /** Those of a user that are open, the ones used last first. */
  async list(userId: string): Promise<ListedSession[]> {
    const now = this.clock.now();
    return openSessionsOf(this.pool, userId, { now, idleSince: idleSince(now) });
  }

  /** The log-out. Two at once end one session. */
  async close(session: SessionFacts, actor: Actor): Promise<void> {
    await this.end(session, session.sessionId, 'user.logged_out', actor);
  }

  /** Ends a session that is another than the one that asks. @throws ApiError 404 when the user has none of that id */
  async revoke(of: UserSubject, sessionId: string, actor: Actor): Promise<void> {
    const isEnded = isUuid(sessionId) && (await this.end(of, sessionId, 'user.session_revoked', actor));
    if (!isEnded) throw notFound('Session');
  }

  /** Ends every session of a user; answers how many there were. */
  async closeAll(of: UserSubject, actor: Actor): Promise<number> {
    const now = this.clock.now();
    return this.dataSource.transaction(async (manager) => {
      const ended = await deleteSessionsOf(await inTransaction(manager), of.userId);
      if (ended > 0) {
        await recordUserEvent(manager, actor, now, of, {
          action: 'user.sessions_revoked',
          details: { ended },
        });
      }
      return ended;
    });
  }

  private async end(of: UserSubject, sessionId: string, action: string, actor: Actor): Promise<boolean> {
    const now = this.clock.now();
    return this.dataSource.transaction(async (manager) => {
      if (!(await deleteSession(await inTransaction(manager), of.userId, sessionId))) return false;
      await recordUserEvent(manager, actor, now, of, { action });
      return true;
    });
  }
}
