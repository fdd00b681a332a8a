import type { Seat, StoredLease } from '../database/license-facts.js';
import type { LeaseChainFacts } from '../domain/lease-chain.js';
import type { LeaseIssuer } from '../signing/lease-issuer.js';
import type { PanelCall } from './panel-call.js';
import type { GrantedSeat } from './verdict.js';

/** What the decision about a lease looks at. */
export const chainOf = (seat: Seat, leases: LeaseIssuer): LeaseChainFacts => ({
  current: {
    leaseId: seat.lease.id,
    issuedAt: seat.lease.issuedAt,
    digest: seat.lease.digest,
    kidUsable: leases.canSign(seat.lease),
  },
  presentedLeaseId: seat.presentedLeaseId,
});

/** The seat as it stands once the call has been written. */
export const seenAgain = (seat: Seat, { report, knock }: PanelCall, lease: StoredLease): GrantedSeat => ({
  ...seat,
  version: report.version,
  hostname: report.hostname ?? seat.hostname,
  lastSeenAt: knock.now,
  lease,
});
