import { holdUser } from './logins.js';
import type { Run, Statement } from './statements.js';

const BEGIN: Statement = {
  name: 'begin-second-factor',
  text: 'update users set totp_secret = $2, totp_last_step = null where id = $1 and totp_enabled_at is null',
};

/** Puts a secret aside that does not count yet; false when one counts already. */
export async function keepPendingSecret(run: Run, userId: string, sealed: Buffer): Promise<boolean> {
  const { rowCount } = await run(BEGIN, [userId, sealed]);
  return rowCount > 0;
}

const ENABLE: Statement = {
  name: 'enable-second-factor',
  text: `update users set totp_enabled_at = $3, totp_last_step = $4
    where id = $1 and totp_secret = $2 and totp_enabled_at is null`,
};

/** From now on the secret counts. False when another one took its place meanwhile, or one counts already. */
export async function enableSecondFactor(
  run: Run,
  factor: {
    readonly userId: string;
    readonly sealed: Buffer;
    readonly now: Date;
    /** The step of the code that proved it. */
    readonly step: number;
  },
): Promise<boolean> {
  const { rowCount } = await run(ENABLE, [factor.userId, factor.sealed, factor.now, factor.step]);
  return rowCount > 0;
}

const USE_STEP: Statement = {
  name: 'use-totp-step',
  text: `update users set totp_last_step = $2
    where id = $1 and totp_enabled_at is not null and (totp_last_step is null or totp_last_step < $2)`,
};

/** Compare-and-set: a code is taken once, and none that is older than one that was. */
export async function useTotpStep(run: Run, userId: string, step: number): Promise<boolean> {
  const { rowCount } = await run(USE_STEP, [userId, step]);
  return rowCount > 0;
}

const USE_CODE: Statement = {
  name: 'use-recovery-code',
  text: 'delete from recovery_codes where hash = $2 and user_id = $1',
};

/** Uses up a recovery code; false when there is no such code any more. Call it in a transaction. */
export async function useRecoveryCode(run: Run, userId: string, hash: Buffer): Promise<boolean> {
  // The user first, as whoever deletes the user does: the other way around the two would wait for each other.
  await holdUser(run, userId);
  const { rowCount } = await run(USE_CODE, [userId, hash]);
  return rowCount > 0;
}

const FORGET_CODES: Statement = {
  name: 'forget-recovery-codes',
  text: 'delete from recovery_codes where user_id = $1',
};

const KEEP_CODES: Statement = {
  name: 'keep-recovery-codes',
  text: 'insert into recovery_codes (user_id, hash) select $1, unnest($2::bytea[])',
};

/** Puts these codes in the place of all that the user has. Call it in a transaction. */
export async function replaceRecoveryCodes(
  run: Run,
  userId: string,
  hashes: readonly Buffer[],
): Promise<void> {
  await holdUser(run, userId);
  await run(FORGET_CODES, [userId]);
  await run(KEEP_CODES, [userId, hashes]);
}

const COUNT_CODES: Statement = {
  name: 'count-recovery-codes',
  text: 'select count(*)::int as count from recovery_codes where user_id = $1',
};

/** How many recovery codes the user has left. */
export async function countRecoveryCodes(run: Run, userId: string): Promise<number> {
  const { rows } = await run<{ count: number }>(COUNT_CODES, [userId]);
  return rows[0]?.count ?? 0;
}

const CLEAR: Statement = {
  name: 'clear-second-factor',
  text: `update users set totp_secret = null, totp_enabled_at = null, totp_last_step = null
    where id = $1 and totp_secret is not null`,
};

/** Takes the second factor away, codes included; false when there was none. Call it in a transaction. */
export async function clearSecondFactor(run: Run, userId: string): Promise<boolean> {
  const { rowCount } = await run(CLEAR, [userId]);
  await run(FORGET_CODES, [userId]);
  return rowCount > 0;
}
