import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { activationEvent } from '../../access/activation-body.js';
import { lastLeaseSequence, saveCheckIn, takeSeat, type PanelReport } from '../../database/activations.js';
import { recordAudit } from '../../database/audit.js';
import {
  loadLicenseFacts,
  type LicenseRecord,
  type Seat,
  type StoredLease,
} from '../../database/license-facts.js';
import { promiseOffline } from '../../database/offline-promise.js';
import { unavailable } from '../../http/errors.js';
import { LeaseIssuer } from '../../signing/lease-issuer.js';
import type { LeasePolicy } from '../../signing/lease-times.js';
import type { ChangedBy, HeldLicense } from '../../access/held-license.js';

const DAY_SECONDS = 86_400;

/** A seat whose lease changes more often than this under one call is not used by a panel. */
const MOST_TRIES = 32;

/** What an admin asks for in the name of a panel. */
export interface OfflineCall extends ChangedBy {
  readonly hardwareId: string;
  readonly version: string;
  readonly validDays: number;
}

/** A seat with the lease that is to be carried to its panel. */
export interface OfflineSeat {
  readonly id: string;
  readonly lease: StoredLease;
}

/** Valid for the days asked for, and then with a warning for as long as any lease of the policy. */
const offlineLengths = (policy: LeasePolicy, validDays: number): LeasePolicy => {
  const validForSeconds = validDays * DAY_SECONDS;
  return {
    refreshAfterSeconds: validForSeconds,
    validForSeconds,
    graceForSeconds: validForSeconds + policy.graceForSeconds - policy.validForSeconds,
  };
};

/** The admin's own address and host are not the panel's. */
const reportOf = ({ version }: OfflineCall): PanelReport => ({
  version,
  hostname: null,
  platform: null,
  arch: null,
  usage: null,
  address: null,
});

/** What the audit log has of it. */
const entryOf = (seatId: string, lease: StoredLease, license: LicenseRecord, call: OfflineCall) => ({
  subjectType: 'activation',
  subjectId: seatId,
  customerId: license.customerId,
  details: {
    license_id: license.id,
    hardware_id: call.hardwareId,
    version: call.version,
    valid_until: lease.validUntil,
    offline_until: lease.graceUntil,
  },
});

/** Writes the seat of a panel that can't phone home. It stays taken for as long as its lease lets the panel work. */
@Injectable()
export class OfflineSeats {
  constructor(private readonly leases: LeaseIssuer) {}

  /** A new seat; the rules have found one free. */
  async take(license: LicenseRecord, held: HeldLicense, call: OfflineCall): Promise<OfflineSeat> {
    const { hardwareId, now } = call;
    const lastSeq = await lastLeaseSequence(held.run, license.id, hardwareId);
    const lease = this.draw(license, lastSeq, call);
    const id = uuidv7();
    const taken = await takeSeat(held.run, {
      id,
      licenseId: license.id,
      hardwareId,
      now,
      report: reportOf(call),
      movedFromHardwareId: null,
      offlineUntil: lease.graceUntil,
      lease,
    });
    await recordAudit(held.manager, call.actor, call.now, {
      ...entryOf(id, lease, license, call),
      action: 'activation.created',
      event: { data: activationEvent(taken) },
    });
    return { id, lease };
  }

  /**
   * The seat that the hardware holds, with a new chain of leases. A phone-home takes no lock and may renew the lease in
   * between: then the seat is read again. It can't be released meanwhile, for that takes the license row.
   */
  async keep(license: LicenseRecord, held: HeldLicense, call: OfflineCall): Promise<OfflineSeat> {
    const query = {
      by: { licenseId: license.id },
      hardwareId: call.hardwareId,
      precedence: null,
      now: call.now,
    };
    let { seat } = license;
    for (let tried = 0; seat !== null && tried < MOST_TRIES; tried++) {
      const lease = this.draw(license, seat.lease.seq, call);
      if (await this.restart(seat, lease, held, call)) {
        await promiseOffline(held.run, seat.id, lease.graceUntil);
        const entry = entryOf(seat.id, lease, license, call);
        await recordAudit(held.manager, call.actor, call.now, { ...entry, action: 'activation.updated' });
        return { id: seat.id, lease };
      }
      seat = (await loadLicenseFacts(held.run, query)).license?.seat ?? null;
    }
    throw unavailable(new Error('The seat changed at every try'));
  }

  private draw(license: LicenseRecord, lastSeq: number, { hardwareId, now, validDays }: OfflineCall) {
    const policy = offlineLengths(license.policy, validDays);
    return this.leases.draw(license, hardwareId, { now, lastSeq, policy });
  }

  /** False when the lease was renewed since the seat was read. */
  private restart(seat: Seat, lease: StoredLease, { run }: HeldLicense, call: OfflineCall): Promise<boolean> {
    return saveCheckIn(run, {
      seatId: seat.id,
      expectedLeaseId: seat.lease.id,
      // It was the admin who asked: the panel has not been seen.
      now: seat.lastSeenAt,
      report: reportOf(call),
      presentedLeaseId: null,
      lease,
      expectedPresentedLeaseId: seat.presentedLeaseId,
    });
  }
}
