import type { Actor } from '../domain/actor.js';
import type { Role, UserStatus } from '../domain/roles.js';
import type { Run, Statement } from './statements.js';

export interface NewNonce {
  readonly hash: Buffer;
  readonly userId: string;
  readonly targetPath: string;
  readonly reason: string | null;
  /** Who prepared it. */
  readonly minter: Pick<Actor, 'type' | 'id'>;
  readonly now: Date;
  readonly expiresAt: Date;
}

const KEEP: Statement = {
  name: 'keep-sso-nonce',
  text: `insert into sso_nonces (hash, user_id, target_path, reason, created_at, expires_at, minter_type, minter_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8)`,
};

export async function insertNonce(run: Run, nonce: NewNonce): Promise<void> {
  const { hash, userId, targetPath, reason, now, expiresAt, minter } = nonce;
  await run(KEEP, [hash, userId, targetPath, reason, now, expiresAt, minter.type, minter.id]);
}

/** A log-in that was prepared, and whom for. */
export interface PreparedLogin {
  readonly userId: string;
  readonly username: string;
  readonly email: string;
  readonly role: Role;
  readonly status: UserStatus;
  readonly customerId: string | null;
  readonly targetPath: string;
  readonly expiresAt: Date;
  readonly minterType: Actor['type'];
  readonly minterId: string | null;
}

type Nonce = Pick<PreparedLogin, 'targetPath' | 'expiresAt' | 'minterType' | 'minterId'>;

const HOLDER: Statement = {
  name: 'sso-nonce-holder',
  text: `select u.id as "userId", u.username, u.email, u.role, u.status, u.customer_id as "customerId"
    from users u where u.id = (select user_id from sso_nonces where hash = $1) for no key update`,
};

const TAKE: Statement = {
  name: 'take-sso-nonce',
  text: `delete from sso_nonces where hash = $1 returning target_path as "targetPath", expires_at as "expiresAt",
      minter_type as "minterType", minter_id as "minterId"`,
};

/**
 * Takes the nonce away: of several callers at once, on however many nodes, one is answered and the others get null. Call it in
 * a transaction. The user is locked first, as whoever suspends or deletes one does, so that neither waits for the other in a
 * circle and no session begins behind the back of who ends them all.
 */
export async function takeNonce(run: Run, hash: Buffer): Promise<PreparedLogin | null> {
  const { rows: holders } = await run<Omit<PreparedLogin, keyof Nonce>>(HOLDER, [hash]);
  const { rows: nonces } = await run<Nonce>(TAKE, [hash]);
  const [holder, nonce] = [holders[0], nonces[0]];
  return holder === undefined || nonce === undefined ? null : { ...holder, ...nonce };
}

const SWEEP: Statement = {
  name: 'sweep-sso-nonces',
  // Bounded, and skip locked: whoever prepares a log-in neither pays for all of it nor waits for another.
  text: `delete from sso_nonces where hash in (
    select hash from sso_nonces where expires_at <= $1 order by expires_at limit 100 for update skip locked)`,
};

/** Forgets up to a hundred nonces that have expired by `now`. */
export async function deleteExpiredNonces(run: Run, now: Date): Promise<void> {
  await run(SWEEP, [now]);
}
