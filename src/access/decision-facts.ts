import type { LicenseRecord, Seat } from '../database/license-facts.js';
import { holdSeatPresence, loadRebindHistory, loadSeat, loadSeatPresence } from '../database/seat-facts.js';
import type { Run } from '../database/statements.js';
import type { LicenseFacts, RebindFacts } from '../domain/license-policy.js';
import { staleSeatsToRelease } from '../domain/seats.js';

/** A license with what the rules look at, and with the seats that an effect of the decision would touch. */
export interface DecisionFacts {
  readonly facts: LicenseFacts;
  /** Seats to release, longest unseen first, so that an activation fits below the limit. */
  readonly seatsToRelease: readonly string[];
  /** Only a rebind has one. */
  readonly previousSeat: Pick<Seat, 'id' | 'hardwareId'> | null;
}

/** The facts of the actions that look at one seat only: everything is in the record already. */
export function seatFacts(license: LicenseRecord, cloneRefused = false): LicenseFacts {
  return {
    status: license.status,
    product: license.product,
    expiresAt: license.expiresAt,
    updatesUntil: license.updatesUntil,
    maxActivations: license.maxActivations,
    floors: license.floors,
    runningRelease: license.runningRelease,
    hardwareBlocked: license.hardwareBlocked,
    holdsSeat: license.seat !== null,
    cloneRefused,
    activeSeats: license.activeSeats,
    staleSeats: 0,
    rebind: null,
  };
}

/**
 * The facts of an activation: who of the others was unseen for so long that the seat may be taken. `hold` keeps those seats
 * as they are until the commit, for whoever is going to release them.
 */
export async function activationFacts(
  run: Run,
  license: LicenseRecord,
  now: Date,
  { hold }: { hold: boolean },
): Promise<DecisionFacts> {
  const facts = seatFacts(license);
  const needed = license.activeSeats - license.maxActivations + 1;
  if (license.seat !== null || needed <= 0 || license.policy.releaseSeatAfterDays === null) {
    return { facts, seatsToRelease: [], previousSeat: null };
  }
  const presence = await (hold ? holdSeatPresence : loadSeatPresence)(run, license.id);
  const stale = staleSeatsToRelease(presence, {
    now,
    releaseAfterDays: license.policy.releaseSeatAfterDays,
    needed: license.activeSeats,
  });
  return {
    facts: { ...facts, staleSeats: stale.length },
    seatsToRelease: stale.slice(0, needed),
    previousSeat: null,
  };
}

/** The facts of a move from `from` to the hardware that the record was loaded for. */
export async function rebindFacts(
  run: Run,
  license: LicenseRecord,
  move: { from: string; to: string; now: Date },
): Promise<DecisionFacts> {
  const sameHardware = move.from === move.to;
  const previousSeat = sameHardware ? license.seat : await loadSeat(run, license.id, move.from);
  const history = await loadRebindHistory(run, { licenseId: license.id, ...move });
  const rebind: RebindFacts = {
    sameHardware,
    previousHoldsSeat: previousSeat !== null,
    alreadyMoved: previousSeat === null && license.seat !== null && history.sameMoveRecorded,
    movesInWindow: history.movesInWindow,
    quota: license.policy.rebindQuota,
  };
  // A blocked machine does not get away by moving its seat to another.
  const hardwareBlocked = license.hardwareBlocked || history.previousBlocked;
  return { facts: { ...seatFacts(license), hardwareBlocked, rebind }, seatsToRelease: [], previousSeat };
}
