import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { activationEvent } from '../access/activation-body.js';
import { lastLeaseSequence, saveCheckIn, takeSeat } from '../database/activations.js';
import { recordAudit } from '../database/audit.js';
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

/** Writes what has been decided: a new seat, or the one that the hardware holds already. */
@Injectable()
export class SeatWriter {
  constructor(
    private readonly leases: LeaseIssuer,
    private readonly sightings: Sightings,
  ) {}

  /** A new seat with its first lease; its sequence goes on where this hardware's last seat ended. */
  async take(
    license: LicenseRecord,
    movedFrom: string | null,
    call: PanelCall,
    { run, manager }: Work,
  ): Promise<Verdict> {
    const { now } = call.knock;
    const { hardwareId, report } = call;
    const lastSeq = await lastLeaseSequence(run, license.id, hardwareId);
    const lease = this.leases.draw(license, hardwareId, { now, lastSeq });
    const id = uuidv7();
    const taken = await takeSeat(run, {
      id,
      licenseId: license.id,
      hardwareId,
      now,
      report,
      movedFromHardwareId: movedFrom,
      offlineUntil: null,
      lease,
    });
    await recordAudit(manager, { ...call.actor, id: license.id }, now, {
      action: movedFrom === null ? 'activation.created' : 'activation.rebound',
      subjectType: 'activation',
      subjectId: id,
      customerId: license.customerId,
      details: {
        license_id: license.id,
        hardware_id: hardwareId,
        version: report.version,
        ...(movedFrom !== null && { from_hardware_id: movedFrom }),
      },
      personal: { hostname: report.hostname },
      event: { data: activationEvent(taken) },
    });
    const seat = {
      id,
      hardwareId,
      hostname: report.hostname,
      version: report.version,
      activatedAt: now,
      lastSeenAt: now,
      lastSeenIp: report.address,
      offlineUntil: null,
      cloneSuspectedAt: null,
      presentedLeaseId: null,
      lease,
    };
    return {
      code: 'VALID',
      license: { ...license, activeSeats: license.activeSeats + 1 },
      seat,
      created: true,
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
