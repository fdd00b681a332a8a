import { unnestUnseen, type Run, type Statement } from './statements.js';

export interface NewDownloadToken {
  readonly hash: Buffer;
  readonly licenseId: string;
  readonly artifactId: string;
  /** Null for a first install. */
  readonly activationId: string | null;
  readonly now: Date;
  readonly expiresAt: Date;
}

/** More than are minted at once, so that they never pile up; few enough that no caller waits for them. */
const SWEPT_AT_ONCE = 100;

const SWEEP_TOKENS: Statement = {
  name: 'sweep-download-tokens',
  // Rows that another node is sweeping at this moment are left to it.
  text: `delete from download_tokens where hash in (
      select hash from download_tokens where expires_at <= $1 limit ${SWEPT_AT_ONCE} for update skip locked
    )`,
};

const INSERT_TOKEN: Statement = {
  name: 'insert-download-token',
  text: `insert into download_tokens (hash, license_id, artifact_id, activation_id, created_at, expires_at)
    select $1, l.id, $3, $4, $5, $6 from licenses l where l.id = $2 and l.status = 'active' for share`,
};

/**
 * Stores a token and drops some that have expired. False when the license was deleted, suspended or revoked since its
 * facts were read: behind the lock of that change the token would outlive it.
 */
export async function insertDownloadToken(run: Run, token: NewDownloadToken): Promise<boolean> {
  await run(SWEEP_TOKENS, [token.now]);
  const { rowCount } = await run(INSERT_TOKEN, [
    token.hash,
    token.licenseId,
    token.artifactId,
    token.activationId,
    token.now,
    token.expiresAt,
  ]);
  return rowCount === 1;
}

const END_LICENSE_TOKENS: Statement = {
  name: 'end-download-tokens-of-license',
  text: 'delete from download_tokens where license_id = $1',
};

const END_HARDWARE_TOKENS: Statement = {
  name: 'end-download-tokens-of-hardware',
  text: `delete from download_tokens t using activations s
    where s.id = t.activation_id and s.hardware_id = $1`,
};

/** What a license that is not good has given out is over: a token must not come back to life with it. */
export async function endLicenseTokens(run: Run, licenseId: string): Promise<void> {
  await run(END_LICENSE_TOKENS, [licenseId]);
}

/** The same for hardware that is blocked, on every license. */
export async function endHardwareTokens(run: Run, hardwareId: string): Promise<void> {
  await run(END_HARDWARE_TOKENS, [hardwareId]);
}

/** The file that a token is good for. */
export interface TokenFile {
  readonly storageKey: string;
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** A token as it is asked about. */
export interface AskedToken {
  readonly hash: Buffer;
  readonly now: Date;
}

const FILES_OF_TOKENS: Statement = {
  name: 'files-of-download-tokens',
  // Everything that a token dies with is asked for at every use, so that it dies at once and on every node.
  text: `select asked.ord::int as ord, a.storage_key as "storageKey", a.filename, a.size, a.sha256
    from ${unnestUnseen('$1::bytea[]', '$2::timestamptz[]')} with ordinality as asked (hash, now, ord)
    join download_tokens t on t.hash = asked.hash
    join licenses l on l.id = t.license_id
    join artifacts a on a.id = t.artifact_id
    join releases r on r.id = a.release_id
    left join activations s on s.id = t.activation_id and s.license_id = t.license_id
    where t.expires_at > asked.now
      and l.status = 'active' and (l.expires_at is null or l.expires_at > asked.now)
      and r.status = 'published'
      and (t.activation_id is null or (
        s.released_at is null and not exists (select 1 from blocklist b where b.hardware_id = s.hardware_id)
      ))`,
};

/**
 * The files of tokens that were asked about together, in their order; null for a token that never was, has expired, or
 * died with its license, its seat or its release.
 */
export async function findTokenFiles(run: Run, asked: readonly AskedToken[]): Promise<(TokenFile | null)[]> {
  const { rows } = await run<Omit<TokenFile, 'size'> & { ord: number; size: string }>(FILES_OF_TOKENS, [
    asked.map(({ hash }) => hash),
    asked.map(({ now }) => now),
  ]);
  const byOrd = new Map(rows.map(({ ord, size, ...file }) => [ord, { ...file, size: Number(size) }]));
  return asked.map((_, index) => byOrd.get(index + 1) ?? null);
}
