import { QueryFailedError } from 'typeorm';
import type { Run, Statement } from './statements.js';
import { violatedConstraint } from './violations.js';

/** An answer under its key, as it is stored. */
export interface StoredAnswer {
  readonly requestHash: Buffer;
  /** Null once it was erased. */
  readonly answer: Buffer | null;
}

export interface NewAnswer {
  readonly requestHash: Buffer;
  readonly answer: Buffer;
  /** The ids of what it tells of, and of whose it is. */
  readonly mentions: readonly string[];
}

const CLAIM: Statement = {
  name: 'claim-idempotency-key',
  // Held until the transaction ends, however it ends: a crash frees the key.
  text: `select pg_try_advisory_xact_lock(('x' || encode(substring($1::bytea from 1 for 8), 'hex'))::bit(64)::bigint) as mine`,
};

/** Whether the key is this transaction's now. False while another one on any node holds it. */
export async function claimIdempotencyKey(run: Run, hash: Buffer): Promise<boolean> {
  const { rows } = await run<{ mine: boolean }>(CLAIM, [hash]);
  return rows[0]?.mine === true;
}

const FIND: Statement = {
  name: 'find-idempotent-answer',
  text: `select request_hash as "requestHash", answer from idempotency_keys where hash = $1 and expires_at > $2`,
};

export async function findAnswer(run: Run, hash: Buffer, now: Date): Promise<StoredAnswer | null> {
  return (await run<{ requestHash: Buffer; answer: Buffer | null }>(FIND, [hash, now])).rows[0] ?? null;
}

const KEEP: Statement = {
  name: 'keep-idempotent-answer',
  text: `insert into idempotency_keys as kept (hash, request_hash, answer, created_at, expires_at, mentions)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (hash) do update set request_hash = excluded.request_hash, answer = excluded.answer,
      mentions = excluded.mentions, created_at = excluded.created_at, expires_at = excluded.expires_at
    where kept.expires_at <= $4`,
};

/** The caller holds the key. */
export async function keepAnswer(
  run: Run,
  hash: Buffer,
  { requestHash, answer, mentions }: NewAnswer,
  { now, expiresAt }: { readonly now: Date; readonly expiresAt: Date },
): Promise<void> {
  await run(KEEP, [hash, requestHash, answer, now, expiresAt, mentions]);
}

const ERASE: Statement = {
  name: 'erase-idempotent-answers',
  text: 'update idempotency_keys set answer = null where mentions && $1::uuid[] and answer is not null',
};

/** Takes away the answers that tell of any of these; that their requests were carried out stays known. */
export async function eraseAnswers(run: Run, ids: readonly string[]): Promise<void> {
  await run(ERASE, [ids]);
}

/** SQLSTATE of a snapshot that another transaction has overtaken. */
const SERIALIZATION_FAILURE = '40001';

function codeOf(error: unknown): unknown {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}

/** Whether a transaction on one snapshot failed because of what others did since: on a new one it may fare better. */
export const isOvertaken = (error: unknown): boolean =>
  codeOf(error) === SERIALIZATION_FAILURE || violatedConstraint(error) === 'idempotency_keys_pkey';
