import { hash, randomBytes } from 'node:crypto';
import type { Jwk } from '../trust/jwk.js';
import { parseClaims, PROOF_CLAIMS, type ProofClaims } from '../trust/claims.js';
import { openSigned, UntrustedError } from '../trust/signed.js';
import { plainLine } from '../plain-text.js';
import { callService, type HttpAnswer } from './http.js';
import { UnreachableError } from './unreachable.js';

export type LicenseAction = 'activate' | 'validate' | 'deactivate' | 'rebind';

/** What every call of the license plane says of this panel; field names as on the wire. */
export interface LicenseRequest {
  readonly license_key: string;
  readonly hardware_id: string;
  readonly version: string;
  readonly product?: string;
  readonly hostname?: string;
  readonly platform?: string;
  readonly arch?: string;
  readonly usage?: Readonly<Record<string, number>>;
  readonly lease_id?: string;
  readonly previous_hardware_id?: string;
}

/** An answer together with the question: nothing in it counts before its proof has been looked at. */
export interface Asked {
  readonly server: string;
  readonly action: LicenseAction;
  readonly request: LicenseRequest;
  readonly nonce: string;
  readonly answer: HttpAnswer;
}

/** An answer that the service proved to be its own, to this very request. */
export interface ProvenAnswer {
  /** `VALID`, or the code of the refusal. */
  readonly code: string;
  /** The service's sentence for a refusal. */
  readonly error: string;
  readonly details: Readonly<Record<string, readonly string[]>> | null;
  readonly lease: string | null;
  readonly proof: string;
  readonly claims: ProofClaims;
}

const NONCE_BYTES = 24;

/** Sends the question. @throws UnreachableError */
export async function askService(
  server: string,
  action: LicenseAction,
  request: LicenseRequest,
  now: Date,
): Promise<Asked> {
  const nonce = randomBytes(NONCE_BYTES).toString('base64url');
  const body = { ...request, nonce };
  const answer = await callService({ server, method: 'POST', path: `/license/${action}`, body, now });
  return { server, action, request, nonce, answer };
}

/** What an answer without a proof comes to: it is no verdict, but it often says what is wrong. */
function unproven({ server, answer }: Asked): UnreachableError {
  const { status, body, retryAfterSeconds } = answer;
  const said = typeof body.error === 'string' ? plainLine(body.error) : 'nothing else';
  if (status === 429) {
    return new UnreachableError(`${server} is asked too often from here and wants this machine to wait`, {
      retryAfterSeconds,
    });
  }
  if (status >= 500) {
    return new UnreachableError(`${server} can't answer now (${status})`, { retryAfterSeconds });
  }
  const fields = detailsOf(body.details);
  const why = fields === null ? said : Object.values(fields).flat().join(' ');
  return new UnreachableError(
    `${server} answers ${status} without a proof, which counts as no answer: ${why}`,
  );
}

/** The service's messages by field; null where there are none. */
function detailsOf(details: unknown): Record<string, string[]> | null {
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return null;
  const fields = Object.entries(details).map(([field, messages]: [string, unknown]) => [
    plainLine(field),
    (Array.isArray(messages) ? messages : [messages]).map((message) => plainLine(String(message))),
  ]);
  return fields.length === 0 ? null : (Object.fromEntries(fields) as Record<string, string[]>);
}

/** What the proof must repeat, so that no answer to another question passes for this one. */
const expected = ({ action, request, nonce, answer }: Asked) => ({
  action,
  hwid: request.hardware_id,
  version: request.version,
  lease_id: request.lease_id ?? null,
  nonce,
  request_sha256: hash('sha256', answer.sent),
});

/**
 * Believes an answer, or does not: its proof must be signed by a pinned key, repeat the question and say what the body says.
 * @throws UnreachableError where it is not to be believed
 * @throws UntrustedError `unknown key`: the published keys may know it
 */
export async function proven(asked: Asked, pins: readonly Jwk[]): Promise<ProvenAnswer> {
  const { body } = asked.answer;
  if (typeof body.proof !== 'string') throw unproven(asked);
  const claims = await openProof(asked, body.proof, pins);
  const code = body.valid === true ? 'VALID' : body.code;
  const isSame = Object.entries(expected(asked)).every(([name, value]) => claims[name as 'nonce'] === value);
  if (!isSame || claims.code !== code) {
    throw new UnreachableError(
      `${asked.server} answers with a proof of something else: an old answer was sent again, or it was changed on the way`,
    );
  }
  return {
    code: claims.code,
    error: typeof body.error === 'string' ? plainLine(body.error) : claims.code,
    details: detailsOf(body.details),
    lease: typeof body.lease === 'string' ? body.lease : null,
    proof: body.proof,
    claims,
  };
}

async function openProof({ server }: Asked, proof: string, pins: readonly Jwk[]): Promise<ProofClaims> {
  try {
    return parseClaims(PROOF_CLAIMS, await openSigned('proof', proof, pins));
  } catch (error) {
    if (!(error instanceof UntrustedError) || error.doubt === 'unknown key') throw error;
    throw new UnreachableError(`${server} answers with a proof that is not genuine`, { cause: error });
  }
}
