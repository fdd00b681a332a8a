/** A lease younger than this is answered again as it is, so that a panel that asks often costs no signature. */
export const LEASE_REUSE_SECONDS = 3600;

/** The digest of a lease that stands in a seat's row and that nobody was ever given. */
export const NOBODYS_DIGEST = '';

/** The newest lease of a seat. */
export interface CurrentLease {
  readonly leaseId: string;
  readonly issuedAt: Date;
  /** When its panel was told to ask again. */
  readonly refreshAfter: Date;
  /** A digest of what the lease says. */
  readonly digest: string;
  /** Whether the key that signed it may still be relied on; a compromised one may not. */
  readonly kidUsable: boolean;
}

/** What is stored of a seat's leases. */
export interface LeaseChainFacts {
  /** Null where nobody was given a lease yet: a seat that was imported. */
  readonly current: CurrentLease | null;
  /** The last lease that this seat's panel has shown; null when it has shown none since the chain began. */
  readonly presentedLeaseId: string | null;
}

/** A call for a lease. */
export interface LeaseCall {
  /** The lease that the panel shows, null for none. */
  readonly leaseId: string | null;
  /** The digest of what a lease issued now would say. */
  readonly digest: string;
  readonly now: Date;
  /** An activation: the chain begins anew, whatever is shown. */
  readonly restart: boolean;
}

export interface LeaseDecision {
  /** Answer the newest lease again, or void it and issue another. */
  readonly lease: 'same' | 'renew';
  /** What to store as the lease last presented. */
  readonly presentedLeaseId: string | null;
  /** This call shows that two machines share the seat. */
  readonly clone: boolean;
}

/** How the lease that a panel shows stands to what is stored of its seat. */
type Standing = 'restart' | 'first' | 'newest' | 'answer lost' | 'nothing shown yet' | 'clone';

/**
 * A panel holds the newest lease or, when the answer with it was lost, the one it showed last. Whoever shows another,
 * or none where one was shown, runs from a copy: two machines on one seat void each other's leases.
 */
function standingOf(
  { current, presentedLeaseId }: LeaseChainFacts,
  { leaseId, restart }: LeaseCall,
): Standing {
  if (restart) return 'restart';
  // What is shown was given by another installation, of which nothing is known here.
  if (current === null) return 'first';
  if (leaseId === null) return presentedLeaseId === null ? 'nothing shown yet' : 'clone';
  // Newest goes first: when nothing newer was issued since it was shown, it is the last presented as well.
  if (leaseId === current.leaseId) return 'newest';
  return leaseId === presentedLeaseId ? 'answer lost' : 'clone';
}

function isReusable(current: CurrentLease | null, { digest, now }: LeaseCall): boolean {
  return (
    current !== null &&
    current.kidUsable &&
    current.digest === digest &&
    // Of a tier with leases shorter than an hour it may have ended: a panel that asks in time must not be left with it.
    now < current.refreshAfter &&
    now.getTime() - current.issuedAt.getTime() < LEASE_REUSE_SECONDS * 1000
  );
}

/** What follows from each standing: the lease to store as presented, and whether a young newest lease may be answered again. */
const CONSEQUENCES = {
  restart: { presented: 'none', mayReuse: true },
  // Kept as shown: the panel shows it again when it never got the answer.
  first: { presented: 'shown', mayReuse: false },
  newest: { presented: 'shown', mayReuse: true },
  // Either the answer was lost or another machine got it: voided, the newest lease gives that machine away at its next call.
  'answer lost': { presented: 'stays', mayReuse: false },
  'nothing shown yet': { presented: 'stays', mayReuse: true },
  // A lease that is not accepted must not become the one that is: shown again, it would pass.
  clone: { presented: 'stays', mayReuse: true },
} as const satisfies Record<Standing, { presented: 'none' | 'shown' | 'stays'; mayReuse: boolean }>;

/** Judges the lease that a panel shows and says which lease to answer. A seat without a lease is always given one. */
export function decideLease(facts: LeaseChainFacts, call: LeaseCall): LeaseDecision {
  const standing = standingOf(facts, call);
  const { presented, mayReuse } = CONSEQUENCES[standing];
  const presentedLeaseId = { none: null, shown: call.leaseId, stays: facts.presentedLeaseId }[presented];
  const lease = mayReuse && isReusable(facts.current, call) ? 'same' : 'renew';
  return { lease, presentedLeaseId, clone: standing === 'clone' };
}
