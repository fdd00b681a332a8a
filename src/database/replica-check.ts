import type { Pool, PoolClient } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

/** Why a replica is not read, in words for the log. */
export class NotReadable extends Error {}

/** It is the replica of something else, which no waiting mends. */
export class ForeignReplica extends NotReadable {}

/** A place in the log of the database, and which database it is. */
export interface Position {
  /** Of the server and the database in it, which copies share. */
  readonly identity: string;
  readonly lsn: string;
}

const IDENTITY = `(select system_identifier from pg_control_system())::text || '/' ||
  (select oid from pg_database where datname = current_database())`;

/**
 * Writes a mark of a few bytes. Where the log ends can't just be read: without a commit its last lines may stay in memory
 * for many seconds, and a replica would be waited for that has all there is. The disk is waited for, other standbys are not.
 */
const MARK = `select ${IDENTITY} as identity, pg_logical_emit_message(true, 'mooring', '')::text as lsn,
  set_config('synchronous_commit', 'local', true)`;

/** A new place in the log: all that was committed anywhere before lies before it. */
export async function markPosition(primary: Pool): Promise<Position> {
  const { rows } = await primary.query<Position>(MARK);
  if (rows[0] === undefined) throw new Error('A position is one row');
  return rows[0];
}

/** A list waits so long for a replica that has still to replay something. Usually that is a matter of milliseconds. */
const CATCHES_UP_WITHIN_MS = 500;
const FIRST_PAUSE_MS = 2;

/** A replica that is asked where it is answers at once or not at all. */
const ANSWERS_WITHIN_MS = 1_000;

const STANDING = `select pg_is_in_recovery() as "isReplica", ${IDENTITY} as identity,
  pg_last_wal_replay_lsn() >= $1::pg_lsn as "isThere"`;

interface Standing {
  readonly isReplica: boolean;
  readonly identity: string;
  readonly isThere: boolean | null;
}

/**
 * Returns once that replica has all that the primary had at the position.
 * @throws NotReadable when it takes too long over it, or is none of that primary's
 */
export async function waitFor(replica: PoolClient, { identity, lsn }: Position): Promise<void> {
  const question = { name: 'replica-standing', text: STANDING, query_timeout: ANSWERS_WITHIN_MS };
  for (let waited = 0, pause = FIRST_PAUSE_MS; ; waited += pause, pause *= 2) {
    const { rows } = await replica.query<Standing>({ ...question, values: [lsn] });
    const [standing] = rows;
    if (standing?.identity !== identity) throw new ForeignReplica('it belongs to another database');
    if (!standing.isReplica) throw new NotReadable('it is no replica');
    if (standing.isThere) return;
    if (waited >= CATCHES_UP_WITHIN_MS) throw new NotReadable('it lags behind');
    await sleep(pause);
  }
}
