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
