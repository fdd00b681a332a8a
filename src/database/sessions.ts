import { v7 as uuidv7 } from 'uuid';
import type { Role } from '../domain/roles.js';
import type { SessionLife } from '../domain/session-life.js';
import { holdUser } from './logins.js';
import type { Run, Statement } from './statements.js';

/** A session and who is behind it. */
export interface SessionFacts extends SessionLife {
  readonly sessionId: string;
  readonly userId: string;
  readonly username: string;
  readonly email: string;
  readonly role: Role;
  /** In whose portal a user of the role `customer` is at home. */
  readonly customerId: string | null;
}

const SESSION: Statement = {
  name: 'session-by-hash',
  text: `select s.id as "sessionId", u.id as "userId", u.username, u.email, u.role, u.status,
      u.customer_id as "customerId", s.expires_at as "expiresAt", s.last_seen_at as "lastSeenAt"
    from sessions s join users u on u.id = s.user_id where s.hash = $1`,
};

/** Null when there is no such session; those that are over are answered too. */
export async function findSession(run: Run, hash: Buffer): Promise<SessionFacts | null> {
  const { rows } = await run<SessionFacts>(SESSION, [hash]);
  return rows[0] ?? null;
}

const TOUCH: Statement = {
  name: 'touch-session',
  text: 'update sessions set last_seen_at = $2 where hash = $1 and last_seen_at <= $3',
};

/** Notes a use at `now`, unless one after `upTo` is noted already. */
export async function touchSession(
  run: Run,
  hash: Buffer,
  { now, upTo }: { readonly now: Date; readonly upTo: Date },
): Promise<void> {
  await run(TOUCH, [hash, now, upTo]);
}

export interface NewSession {
  readonly hash: Buffer;
  readonly userId: string;
  readonly origin: 'password' | 'sso';
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly now: Date;
  readonly expiresAt: Date;
}

const OPEN: Statement = {
  name: 'open-session',
  text: `insert into sessions (hash, id, user_id, created_at, last_seen_at, expires_at, origin, address, user_agent)
    values ($1, $2, $3, $4, $4, $5, $6, $7, $8)`,
};

export async function insertSession(run: Run, session: NewSession): Promise<void> {
  const { hash, userId, now, expiresAt, origin, address, userAgent } = session;
  await run(OPEN, [hash, uuidv7(), userId, now, expiresAt, origin, address, userAgent]);
}

/** What its user is shown of a session. */
export interface ListedSession {
  readonly id: string;
  readonly origin: 'password' | 'sso';
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

const LIST: Statement = {
  name: 'open-sessions',
  text: `select id, origin, address, user_agent as "userAgent", created_at as "createdAt",
      last_seen_at as "lastSeenAt", expires_at as "expiresAt"
    from sessions where user_id = $1 and expires_at > $2 and last_seen_at > $3
    order by last_seen_at desc, id desc limit 100`,
};

/** The sessions of a user that are open at `now`, up to a hundred, those used last first. */
export async function openSessionsOf(
  run: Run,
  userId: string,
  { now, idleSince }: { readonly now: Date; readonly idleSince: Date },
): Promise<ListedSession[]> {
  return (await run<ListedSession>(LIST, [userId, now, idleSince])).rows;
}

const CLOSE: Statement = {
  name: 'close-session',
  text: 'delete from sessions where user_id = $1 and id = $2',
};

/** False when that user has no such session. */
export async function deleteSession(run: Run, userId: string, sessionId: string): Promise<boolean> {
  const { rowCount } = await run(CLOSE, [userId, sessionId]);
  return rowCount > 0;
}

const CLOSE_ALL: Statement = {
  name: 'close-sessions',
  // A log-in that is prepared and has not happened yet would outlive the end of all of them.
  text: `with prepared as (delete from sso_nonces where user_id = $1)
    delete from sessions where user_id = $1 and id is distinct from $2`,
};

/** Ends every session of a user but `except`, and whatever would begin one; answers how many there were. Call it in a transaction. */
export async function deleteSessionsOf(
  run: Run,
  userId: string,
  except: string | null = null,
): Promise<number> {
  // Whoever begins a session or prepares one holds the user as well: what comes before is ended, what comes after sees why.
  await holdUser(run, userId);
  const { rowCount } = await run(CLOSE_ALL, [userId, except]);
  return rowCount;
}

const SWEEP: Statement = {
  name: 'sweep-sessions',
  // Bounded, so that a login after a long pause doesn't pay for all of it; skip locked, so that logins don't wait for each other.
  text: `delete from sessions where hash in (
    select hash from sessions where expires_at <= $1 order by expires_at limit 100 for update skip locked)`,
};

/** Forgets up to a hundred sessions that have ended by `now`. */
export async function deleteExpiredSessions(run: Run, now: Date): Promise<void> {
  await run(SWEEP, [now]);
}
