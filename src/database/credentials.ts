import { v7 as uuidv7 } from 'uuid';
import type { Run, Statement } from './statements.js';

/** An API key as far as it decides who may come in. */
export interface ApiKeyFacts {
  readonly id: string;
  readonly permissions: readonly string[];
  readonly ipWhitelist: readonly string[];
  readonly requestsPerMinute: number | null;
  readonly enabled: boolean;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

const API_KEY: Statement = {
  name: 'api-key-by-hash',
  text: `select id, permissions, ip_whitelist as "ipWhitelist", rate_limit as "requestsPerMinute", enabled,
      expires_at as "expiresAt", last_used_at as "lastUsedAt"
    from api_keys where hash = $1`,
};

/** Null when there is no such key; disabled and expired ones are answered too. */
export async function findApiKey(run: Run, hash: Buffer): Promise<ApiKeyFacts | null> {
  const { rows } = await run<ApiKeyFacts>(API_KEY, [hash]);
  return rows[0] ?? null;
}

const TOUCH: Statement = {
  name: 'touch-api-key',
  // Nodes that pass the minute together write once: whoever waited for the row sees the new time and leaves it.
  text: 'update api_keys set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at <= $3)',
};

/** Notes a use at `now`, unless one after `unlessAfter` is noted already. */
export async function touchApiKey(
  run: Run,
  id: string,
  { now, unlessAfter }: { readonly now: Date; readonly unlessAfter: Date },
): Promise<void> {
  await run(TOUCH, [id, now, unlessAfter]);
}

/** Who is behind a session. */
export interface SessionFacts {
  readonly userId: string;
  readonly username: string;
  readonly email: string;
  readonly role: 'admin' | 'support' | 'customer';
  readonly status: 'active' | 'suspended';
  /** In whose portal a user of the role `customer` is at home; null for nobody's. */
  readonly customerId: string | null;
  readonly expiresAt: Date;
}

const SESSION: Statement = {
  name: 'session-by-hash',
  text: `select u.id as "userId", u.username, u.email, u.role, u.status, u.customer_id as "customerId",
      s.expires_at as "expiresAt"
    from sessions s join users u on u.id = s.user_id where s.hash = $1`,
};

/** Null when there is no such session; expired ones are answered too. */
export async function findSession(run: Run, hash: Buffer): Promise<SessionFacts | null> {
  const { rows } = await run<SessionFacts>(SESSION, [hash]);
  return rows[0] ?? null;
}

const OPEN: Statement = {
  name: 'open-session',
  text: `insert into sessions (hash, id, user_id, created_at, last_seen_at, expires_at, origin)
    values ($1, $2, $3, $4, $4, $5, 'password')`,
};

export async function insertSession(
  run: Run,
  session: { readonly hash: Buffer; readonly userId: string; readonly now: Date; readonly expiresAt: Date },
): Promise<void> {
  await run(OPEN, [session.hash, uuidv7(), session.userId, session.now, session.expiresAt]);
}

const CLOSE: Statement = { name: 'close-session', text: 'delete from sessions where hash = $1' };

/** False when it was gone already. */
export async function deleteSession(run: Run, hash: Buffer): Promise<boolean> {
  const { rowCount } = await run(CLOSE, [hash]);
  return rowCount > 0;
}

const CLOSE_ALL: Statement = { name: 'close-sessions', text: 'delete from sessions where user_id = $1' };

/** Ends every session of a user; answers how many there were. */
export async function deleteSessionsOf(run: Run, userId: string): Promise<number> {
  const { rowCount } = await run(CLOSE_ALL, [userId]);
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
