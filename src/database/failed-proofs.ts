import {
  ACCOUNT_LOCK,
  afterFailure,
  isLocked,
  laterLock,
  NETWORK_LOCK,
  type ProofPurpose,
  type Tally,
} from '../domain/failed-proofs.js';
import type { Run, Statement } from './statements.js';

/** Where a proof of who one is comes from, and what it is to open. */
export interface ProofPlace {
  readonly purpose: ProofPurpose;
  /** An IPv4 address, or an IPv6 network of 64 bits. */
  readonly network: string;
}

const ACCOUNT: Statement = {
  name: 'account-failures',
  text: `select failed_logins as failures, locked_until as "lockedUntil" from users where id = $1`,
};

const HOLD_ACCOUNT: Statement = {
  name: 'hold-account-failures',
  text: `${ACCOUNT.text} for no key update`,
};

const NETWORK: Statement = {
  name: 'network-failures',
  text: `select failures, since, locked_until as "lockedUntil" from failed_proofs
    where user_id = $1 and purpose = $2 and network = $3`,
};

type AccountTally = Pick<Tally, 'failures' | 'lockedUntil'>;

/** Who is inside already is locked out by nobody's guesses at the door. */
const accountLock = ({ purpose }: ProofPlace, account: AccountTally | undefined): Date | null =>
  purpose === 'login' ? (account?.lockedUntil ?? null) : null;

async function read(run: Run, account: Statement, userId: string | null, place: ProofPlace) {
  const accounts = await run<AccountTally>(account, [userId]);
  const networks = await run<Tally>(NETWORK, [userId, place.purpose, place.network]);
  return { account: accounts.rows[0], network: networks.rows[0] ?? null };
}

/** Until when the account is locked for that place; null for one that isn't. The same look-ups for nobody. */
export async function findLock(run: Run, userId: string | null, place: ProofPlace): Promise<Date | null> {
  const { account, network } = await read(run, ACCOUNT, userId, place);
  return laterLock(accountLock(place, account), network?.lockedUntil ?? null);
}

/**
 * Whether the account is open to that place. Holds the user for the transaction, as `countFailure` does: whoever had to wait
 * sees what was counted meanwhile, so that guesses at once don't slip past.
 */
export async function passesLock(run: Run, userId: string, place: ProofPlace, now: Date): Promise<boolean> {
  const { account, network } = await read(run, HOLD_ACCOUNT, userId, place);
  return !isLocked(laterLock(accountLock(place, account), network?.lockedUntil ?? null), now);
}

const KEEP_ACCOUNT: Statement = {
  name: 'keep-account-failures',
  text: 'update users set failed_logins = $2, locked_until = $3 where id = $1',
};

const KEEP_NETWORK: Statement = {
  name: 'keep-network-failures',
  text: `insert into failed_proofs (user_id, purpose, network, failures, since, locked_until)
    select id, $2, $3, $4, $5, $6 from users where id = $1
    on conflict (user_id, purpose, network)
      do update set failures = excluded.failures, since = excluded.since, locked_until = excluded.locked_until`,
};

/**
 * Counts a failure; true when the account is locked by it, for the network or for everybody. Of a place that is locked nothing
 * is counted anywhere. Without a user nothing is, in about the same time. Call it in a transaction.
 */
export async function countFailure(
  run: Run,
  userId: string | null,
  place: ProofPlace,
  now: Date,
): Promise<boolean> {
  const { account, network } = await read(run, HOLD_ACCOUNT, userId, place);
  if (isLocked(laterLock(accountLock(place, account), network?.lockedUntil ?? null), now)) return false;
  const [here, everywhere] = [
    afterFailure(network, now, NETWORK_LOCK),
    afterFailure(account === undefined ? null : { ...account, since: now }, now, ACCOUNT_LOCK),
  ];
  const { purpose } = place;
  const counted = purpose === 'login' ? everywhere : account;
  await run(KEEP_ACCOUNT, [userId, counted?.failures ?? 0, counted?.lockedUntil ?? null]);
  await run(KEEP_NETWORK, [userId, purpose, place.network, here.failures, here.since, here.lockedUntil]);
  return account !== undefined && (here.lockedUntil !== null || isLocked(counted?.lockedUntil ?? null, now));
}

const SWEEP: Statement = {
  name: 'sweep-network-failures',
  // Rows that somebody holds at this moment are left for the next time; the others are held, and so stay in their places.
  text: `delete from failed_proofs where ctid = any(array(
      select ctid from failed_proofs
      where since <= $1 and (locked_until is null or locked_until <= $2)
      order by since limit $3 for update skip locked
    ))`,
};

/**
 * Deletes up to `limit` tallies that no longer count at `now`, with the networks that they name; answers how many. Of many
 * networks that guessed once each, the rows would stay for good.
 */
export async function deleteOldFailures(run: Run, now: Date, limit: number): Promise<number> {
  const since = new Date(now.getTime() - (NETWORK_LOCK.withinSeconds ?? 0) * 1_000);
  return (await run(SWEEP, [since, now, limit])).rowCount;
}

const FORGET: Statement = {
  name: 'forget-network-failures',
  text: `delete from failed_proofs where user_id = $1
    and ($2::text is null or (purpose = $2 and network = $3))`,
};

/** Forgets what was counted of a user, at one place or everywhere. */
export async function forgetFailures(
  run: Run,
  userId: string,
  place: ProofPlace | null = null,
): Promise<void> {
  await run(FORGET, [userId, place?.purpose ?? null, place?.network ?? null]);
}
