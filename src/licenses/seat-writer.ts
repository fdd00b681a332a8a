import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { activationEvent } from '../access/activation-body.js';
import { lastLeaseSequences, saveCheckIn, takeSeats, type NewSeat } from '../database/activations.js';
import { recordDeeds, type Deed } from '../database/audit.js';
import type { Activation } from '../database/entities/index.js';
import { loadLicenseFacts, type LicenseRecord } from '../database/license-facts.js';
import type { Run } from '../database/statements.js';
import { unavailable } from '../http/errors.js';
import { LeaseIssuer } from '../signing/lease-issuer.js';
import type { PanelCall } from './panel-call.js';
import { followedBy } from './panel-report.js';
import { judgeChain, leaseFor, seenAgain, type Manner } from './seat-chain.js';
import { Sightings } from './sightings.js';
import type { Verdict } from './verdict.js';

/** A seat that changes more often than this under one call is not used by a panel. */
const MOST_TRIES = 32;

/** The open transaction that holds the license row. */
export interface Work {
  readonly run: Run;
  readonly manager: EntityManager;
}

/** A seat that has been decided to be free, and whom it goes to. */
export interface Taking {
  /** With the seats that are in use before this one is taken. */
  readonly license: LicenseRecord;
  readonly call: PanelCall;
  /** The hardware that gave its seat up for it; null for an activation. */
  readonly movedFrom: string | null;
}

export interface Taken {
  readonly call: PanelCall;
  readonly verdict: Verdict;
}

const deedOf = ({ license, call, movedFrom }: Taking, seat: Activation): Deed => ({
  actor: { ...call.actor, id: license.id },
  now: call.knock.now,
  entry: {
    action: movedFrom === null ? 'activation.created' : 'activation.rebound',
    subjectType: 'activation',
    subjectId: seat.id,
    customerId: license.customerId,
    details: {
      license_id: license.id,
      hardware_id: call.hardwareId,
      version: call.report.version,
      ...(movedFrom !== null && { from_hardware_id: movedFrom }),
    },
    personal: { hostname: call.report.hostname },
    event: { data: activationEvent(seat) },
  },
});

const granted = ({ license, call }: Taking, { id, now, lease }: NewSeat): Verdict => ({
  code: 'VALID',
  license: { ...license, activeSeats: license.activeSeats + 1 },
  seat: {
    id,
    hardwareId: call.hardwareId,
    hostname: call.report.hostname,
    version: call.report.version,
    activatedAt: now,
    lastSeenAt: now,
    lastSeenIp: call.report.address,
    offlineUntil: null,
    cloneSuspectedAt: null,
    presentedLeaseId: null,
    lease,
  },
  created: true,
});

/** Writes what has been decided: a new seat, or the one that the hardware holds already. */
@Injectable()
export class SeatWriter {
  constructor(
    private readonly leases: LeaseIssuer,
    private readonly sightings: Sightings,
  ) {}

  /** New seats with their first leases; the sequence of each goes on where this hardware's last seat ended. */
  async take(takings: readonly Taking[], { run, manager }: Work): Promise<Taken[]> {
    if (takings.length === 0) return [];
    const lastSeqs = await lastLeaseSequences(
      run,
      takings.map(({ license, call }) => ({ licenseId: license.id, hardwareId: call.hardwareId })),
    );
    const drawn = takings.map((taking, index) => ({
      taking,
      seat: this.newSeat(taking, lastSeqs[index] ?? 0),
    }));
    const taken = await takeSeats(
      run,
      drawn.map(({ seat }) => seat),
    );
    await recordDeeds(
      manager,
      drawn.map(({ taking, seat }) => deedOf(taking, taken(seat.id))),
    );
    return drawn.map(({ taking, seat }) => ({ call: taking.call, verdict: granted(taking, seat) }));
  }

  private newSeat({ license, call, movedFrom }: Taking, lastSeq: number): NewSeat {
    const { now } = call.knock;
    return {
      id: uuidv7(),
      licenseId: license.id,
      hardwareId: call.hardwareId,
      now,
      report: call.report,
      movedFromHardwareId: movedFrom,
      offlineUntil: null,
      lease: this.leases.draw(license, call.hardwareId, { now, lastSeq }),
    };
  }

  /**
   * The seat stays. Phone-homes take no lock, so one of them may renew the lease in between: then the seat is read again.
   * It can't be released meanwhile, for that takes the license row.
   */
  async keep(license: LicenseRecord, call: PanelCall, { run }: Work, manner: Manner): Promise<Verdict> {
    let { seat } = license;
    for (let tried = 0; seat !== null && tried < MOST_TRIES; tried++) {
      const chain = judgeChain(license, seat, call, this.leases, manner);
      const lease = leaseFor(chain, license, seat, call, this.leases);
      const saved = await saveCheckIn(run, {
        seatId: seat.id,
        expectedLeaseId: seat.lease.id,
        expectedPresentedLeaseId: seat.presentedLeaseId,
        now: call.knock.now,
        report: followedBy(this.sightings.pending(seat.id, license.customerId), call.report),
        presentedLeaseId: chain.presentedLeaseId,
        lease,
      });
      if (saved) return { code: 'VALID', license, seat: seenAgain(seat, call, lease), created: false };
      seat =
        (await loadLicenseFacts(run, { ...call.knock, by: { licenseId: license.id } })).license?.seat ?? null;
    }
    throw unavailable(new Error('The seat changed at every try'));
  }
}
