import type { LeaseClaims } from '../domain/lease.js';
import { UnreachableError } from '../server/unreachable.js';
import { LEASE_CLAIMS, parseClaims } from '../trust/claims.js';
import type { Jwk } from '../trust/jwk.js';
import { openSigned, UntrustedError } from '../trust/signed.js';

/** What is asked of a lease before it is kept. */
export interface LeaseExpectations {
  readonly hardwareId: string;
  /** Null: any product's will do. */
  readonly product: string | null;
  /** Null: whichever license it is of. */
  readonly licenseId: string | null;
  /** The newest lease held of this license on this hardware; null: none. */
  readonly held: { readonly leaseId: string | null; readonly seq: number } | null;
}

/** The claims of a lease. @throws UntrustedError */
export const openLease = async (jws: string, pins: readonly Jwk[]): Promise<LeaseClaims> =>
  parseClaims(LEASE_CLAIMS, await openSigned('lease', jws, pins));

/** The claims of a stored lease; null when it is not genuine, or the keys that it was signed by are trusted no more. */
export async function tryOpenLease(jws: string, pins: readonly Jwk[]): Promise<LeaseClaims | null> {
  try {
    return await openLease(jws, pins);
  } catch (error) {
    if (error instanceof UntrustedError) return null;
    throw error;
  }
}

/** Why a genuine lease is not this panel's; null when it is. A sentence without its full stop. */
export function leaseProblem(lease: LeaseClaims, expected: LeaseExpectations): string | null {
  if (lease.hwid !== expected.hardwareId) return 'the lease is for other hardware';
  if (expected.product !== null && lease.product !== expected.product) {
    return `the lease is for the product ${lease.product}, and this panel is ${expected.product}`;
  }
  if (expected.licenseId !== null && lease.sub !== expected.licenseId) {
    return 'the lease is of another license';
  }
  const { held } = expected;
  if (held !== null && (lease.seq < held.seq || (lease.seq === held.seq && lease.jti !== held.leaseId))) {
    return 'the lease is older than one that this machine has held';
  }
  return null;
}

/** A lease that came with a proven answer. @throws UnreachableError, UntrustedError */
export async function acceptLease(
  jws: string | null,
  pins: readonly Jwk[],
  expected: LeaseExpectations,
): Promise<LeaseClaims> {
  if (jws === null) throw new UnreachableError('The license server answers without a lease');
  const lease = await openLease(jws, pins);
  const problem = leaseProblem(lease, expected);
  if (problem !== null)
    throw new UnreachableError(`The license server's answer is not for this panel: ${problem}`);
  return lease;
}
