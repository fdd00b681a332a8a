import * as v from 'valibot';
import { UntrustedError } from './signed.js';

const count = v.pipe(v.number(), v.safeInteger());
const instant = v.pipe(v.string(), v.isoTimestamp());

/** Of a `mooring-lease+jwt`, see domain/lease.ts. */
export const LEASE_CLAIMS = v.object({
  iss: v.string(),
  sub: v.string(),
  jti: v.string(),
  iat: count,
  exp: count,
  hwid: v.string(),
  product: v.string(),
  tier: v.string(),
  version_floor: v.nullable(v.string()),
  limits: v.record(v.string(), count),
  features: v.array(v.string()),
  license_expires_at: v.nullable(instant),
  updates_until: v.nullable(instant),
  refresh_after: instant,
  grace_until: instant,
  seq: count,
});

/** Of a `mooring-proof+jwt`: one verdict on one request. */
export const PROOF_CLAIMS = v.object({
  iss: v.string(),
  code: v.string(),
  /** The license's id; absent when no such key exists. */
  sub: v.optional(v.string()),
  action: v.string(),
  hwid: v.string(),
  version: v.string(),
  lease_id: v.nullable(v.string()),
  nonce: v.string(),
  request_sha256: v.string(),
  iat: count,
});

export type ProofClaims = v.InferOutput<typeof PROOF_CLAIMS>;

/** Of a `mooring-artifact+jwt`: what a downloaded file must be. */
export const ARTIFACT_CLAIMS = v.object({
  iss: v.string(),
  product: v.string(),
  version: v.string(),
  platform: v.nullable(v.string()),
  arch: v.nullable(v.string()),
  filename: v.string(),
  size: v.pipe(count, v.minValue(0)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

/** Of a `mooring-key+jwt`. */
export const ENDORSEMENT_CLAIMS = v.object({ sub: v.string() });

/** Claims of the form that they must have; more of them than are known here may come. @throws UntrustedError */
export function parseClaims<S extends v.GenericSchema>(schema: S, claims: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, claims);
  if (parsed.success) return parsed.output;
  throw new UntrustedError(
    'not genuine',
    `It is signed, but not of the form expected: ${issueOf(parsed.issues[0])}`,
  );
}

const issueOf = (issue: v.BaseIssue<unknown>) => `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`;
