import type { Role, UserStatus } from '../domain/roles.js';
import { forgetFailures } from './failed-proofs.js';
import type { Run, Statement } from './statements.js';
import type { UserSubject } from './user-events.js';

/** A user as far as a login is decided by it. */
export interface LoginFacts {
  readonly userId: string;
  readonly username: string;
  readonly email: string;
  readonly role: Role;
  readonly status: UserStatus;
  readonly customerId: string | null;
  readonly passwordHash: string | null;
  /** Encrypted; it counts from `totpEnabledAt` on. */
  readonly totpSecret: Buffer | null;
  readonly totpEnabledAt: Date | null;
}

const FACTS = `select id as "userId", username, email, role, status, customer_id as "customerId", password_hash as "passwordHash",
      totp_secret as "totpSecret", totp_enabled_at as "totpEnabledAt"
    from users`;

const BY_NAME: Statement = { name: 'login-facts', text: `${FACTS} where lower(username) = lower($1)` };

/** The user of that name in any case; null when there is none. */
export async function findLogin(run: Run, username: string): Promise<LoginFacts | null> {
  const { rows } = await run<LoginFacts>(BY_NAME, [username]);
  return rows[0] ?? null;
}

const BY_ID: Statement = { name: 'login-facts-by-id', text: `${FACTS} where id = $1` };

const HOLD: Statement = { name: 'hold-user', text: 'select 1 from users where id = $1 for no key update' };

/** Locks a user for the transaction, before anything that hangs on one: two that do so never wait for each other in a circle. */
export async function holdUser(run: Run, userId: string): Promise<void> {
  await run(HOLD, [userId]);
}

const HELD_BY_NAME: Statement = { name: 'held-login-facts', text: `${BY_NAME.text} for no key update` };

/** As `findLogin`, and locks the user for the transaction. */
export async function holdLogin(run: Run, username: string): Promise<LoginFacts | null> {
  const { rows } = await run<LoginFacts>(HELD_BY_NAME, [username]);
  return rows[0] ?? null;
}

export async function findLoginById(run: Run, userId: string): Promise<LoginFacts | null> {
  const { rows } = await run<LoginFacts>(BY_ID, [userId]);
  return rows[0] ?? null;
}

const ACCEPT: Statement = {
  name: 'login-accepted',
  text: `update users set failed_logins = 0, locked_until = null, password_hash = $3
    where id = $1 and password_hash = $2 and status = 'active' and totp_enabled_at is not distinct from $4`,
};

/**
 * Compare-and-set: false when the account was suspended, or given another password or second factor while this log-in was
 * verified. `newHash` replaces the hash that was verified; the same one leaves it. Forgets what was counted for the account.
 */
export async function acceptLogin(
  run: Run,
  login: {
    readonly userId: string;
    readonly verifiedHash: string;
    readonly newHash: string;
    readonly totpEnabledAt: Date | null;
  },
): Promise<boolean> {
  const { userId, verifiedHash, newHash, totpEnabledAt } = login;
  const { rowCount } = await run(ACCEPT, [userId, verifiedHash, newHash, totpEnabledAt]);
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
    where lower(username) = lower($1) returning id as "userId", customer_id as "customerId"`,
};

/** Gives a user another password and lifts what keeps one out; null when there is no such user. Call it in a transaction. */
export async function resetPassword(
  run: Run,
  username: string,
  passwordHash: string,
  now: Date,
): Promise<UserSubject | null> {
  const { rows } = await run<UserSubject>(RESET, [username, passwordHash, now]);
  const [user] = rows;
  if (user === undefined) return null;
  await forgetFailures(run, user.userId);
  return user;
}
