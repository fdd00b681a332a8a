import type { LicenseRecord, Seat, StoredLease } from '../database/license-facts.js';
import { decideLease, NOBODYS_DIGEST, type LeaseDecision } from '../domain/lease-chain.js';
import type { LeaseIssuer } from '../signing/lease-issuer.js';
import type { PanelCall } from './panel-call.js';
import type { GrantedSeat } from './verdict.js';

/**
 * What a call means for the seat's chain of leases. `judged`: the lease that it shows is looked at. `anew`: an activation
 * begins the chain again. `continued`: a call that has nothing to show, such as a move sent again from the new machine;
 * the chain goes on as it is.
 */
export type Manner = 'judged' | 'anew' | 'continued';

/** Judges the lease that a call shows and says which lease to answer. */
export function judgeChain(
  license: LicenseRecord,
  seat: Seat,
  call: PanelCall,
  leases: LeaseIssuer,
  manner: Manner,
): LeaseDecision {
  const { id: leaseId, issuedAt, refreshAfter, digest } = seat.lease;
  const decision = decideLease(
    {
      current:
        digest === NOBODYS_DIGEST
          ? null
          : { leaseId, issuedAt, refreshAfter, digest, kidUsable: leases.canSign(seat.lease) },
      presentedLeaseId: seat.presentedLeaseId,
    },
    {
      leaseId: call.leaseId,
      digest: leases.digest(license, seat.hardwareId),
      now: call.knock.now,
      restart: manner !== 'judged',
    },
  );
  return manner === 'continued' ? { ...decision, presentedLeaseId: seat.presentedLeaseId } : decision;
}

/**
 * The decision of a call that lost the race for the renewal. It answers the winner's lease: judged by the lease that was
 * just replaced, it would void the winner's. What the first look found out about a clone stays found out.
 */
export function judgeLoser(
  license: LicenseRecord,
  seat: Seat,
  leases: LeaseIssuer,
  first: LeaseDecision,
): LeaseDecision {
  // The license may have changed once more since the winner renewed: one lease id never says two things.
  const says = seat.lease.digest === leases.digest(license, seat.hardwareId);
  return {
    lease: says && leases.canSign(seat.lease) ? 'same' : 'renew',
    presentedLeaseId: seat.presentedLeaseId,
    clone: first.clone,
  };
}

/** The stored lease, or a new one that follows it. */
export const leaseFor = (
  decision: LeaseDecision,
  license: LicenseRecord,
  seat: Seat,
  call: PanelCall,
  leases: LeaseIssuer,
): StoredLease =>
  decision.lease === 'same'
    ? seat.lease
    : leases.draw(license, seat.hardwareId, { now: call.knock.now, lastSeq: seat.lease.seq });

/** The seat as it stands once the call has been written. */
export const seenAgain = (seat: Seat, { report, knock }: PanelCall, lease: StoredLease): GrantedSeat => ({
  ...seat,
  version: report.version,
  hostname: report.hostname ?? seat.hostname,
  lastSeenAt: knock.now,
  lease,
});
