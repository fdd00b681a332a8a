import type { Role, UserStatus } from '../domain/roles.js';
import type { Run, Statement } from './statements.js';

/** A user as far as a login is decided by it. */
export interface LoginFacts {
  readonly userId: string;
  readonly username: string;
  readonly email: string;
  readonly role: Role;
  readonly status: UserStatus;
  readonly customerId: string | null;
  readonly passwordHash: string | null;
  readonly lockedUntil: Date | null;
  /** Encrypted; it counts from `totpEnabledAt` on. */
  readonly totpSecret: Buffer | null;
  readonly totpEnabledAt: Date | null;
}

const FACTS = `select id as "userId", username, email, role, status, customer_id as "customerId", password_hash as "passwordHash",
      locked_until as "lockedUntil", totp_secret as "totpSecret", totp_enabled_at as "totpEnabledAt"
    from users`;

const BY_NAME: Statement = { name: 'login-facts', text: `${FACTS} where lower(username) = lower($1)` };

/** The user of that name in any case; null when there is none. */
export async function findLogin(run: Run, username: string): Promise<LoginFacts | null> {
  const { rows } = await run<LoginFacts>(BY_NAME, [username]);
  return rows[0] ?? null;
}

const BY_ID: Statement = { name: 'login-facts-by-id', text: `${FACTS} where id = $1` };

export async function findLoginById(run: Run, userId: string): Promise<LoginFacts | null> {
  const { rows } = await run<LoginFacts>(BY_ID, [userId]);
  return rows[0] ?? null;
}

export interface LockRule {
  /** So many failures in a row lock the account. */
  readonly failures: number;
  readonly lockedForSeconds: number;
}

const FAIL: Statement = {
  name: 'login-failed',
  // The count begins anew with the lock. While the lock holds nothing is counted: else a guesser could keep it up for ever
  // with a try now and then.
  text: `update users set
      failed_logins = case when failed_logins + 1 >= $3 then 0 else failed_logins + 1 end,
      locked_until = case when failed_logins + 1 >= $3 then $2::timestamptz + make_interval(secs => $4) end
    where id = $1 and (locked_until is null or locked_until <= $2)
    returning locked_until is not null as locked`,
};

/**
 * Counts a failure; the count and the lock are one statement, so that parallel guesses can't slip past. True when it locked.
 * Without a user nothing is counted, in about the same time.
 */
export async function recordFailedLogin(
  run: Run,
  userId: string | null,
  now: Date,
  { failures, lockedForSeconds }: LockRule,
): Promise<boolean> {
  const { rows } = await run<{ locked: boolean }>(FAIL, [userId, now, failures, lockedForSeconds]);
  return rows[0]?.locked ?? false;
}

const ACCEPT: Statement = {
  name: 'login-accepted',
  text: `update users set failed_logins = 0, locked_until = null, password_hash = $4
    where id = $1 and password_hash = $2 and status = 'active' and (locked_until is null or locked_until <= $3)
      and totp_enabled_at is not distinct from $5`,
};

/**
 * Compare-and-set: false when the account was locked, suspended, or given another password or second factor while this log-in
 * was verified. `newHash` replaces the hash that was verified; the same one leaves it.
 */
export async function acceptLogin(
  run: Run,
  login: {
    readonly userId: string;
    readonly verifiedHash: string;
    readonly newHash: string;
    readonly totpEnabledAt: Date | null;
    readonly now: Date;
  },
): Promise<boolean> {
  const { userId, verifiedHash, newHash, totpEnabledAt, now } = login;
  const { rowCount } = await run(ACCEPT, [userId, verifiedHash, now, newHash, totpEnabledAt]);
  return rowCount > 0;
}

const CHANGE: Statement = {
  name: 'change-password',
  text: `update users set password_hash = $3, updated_at = $4
    where id = $1 and password_hash = $2 and status = 'active'`,
};

/** Compare-and-set: false when the user was suspended or given another password while the old one was verified. */
export async function changePassword(
  run: Run,
  change: {
    readonly userId: string;
    readonly verifiedHash: string;
    readonly newHash: string;
    readonly now: Date;
  },
): Promise<boolean> {
  const { rowCount } = await run(CHANGE, [change.userId, change.verifiedHash, change.newHash, change.now]);
  return rowCount > 0;
}

const RESET: Statement = {
  name: 'reset-password',
  text: `update users set password_hash = $2, failed_logins = 0, locked_until = null, status = 'active', updated_at = $3
    where lower(username) = lower($1) returning id`,
};

/** Gives a user another password and lifts what keeps one out; answers the user's id, null when there is no such user. */
export async function resetPassword(
  run: Run,
  username: string,
  passwordHash: string,
  now: Date,
): Promise<string | null> {
  const { rows } = await run<{ id: string }>(RESET, [username, passwordHash, now]);
  return rows[0]?.id ?? null;
}
