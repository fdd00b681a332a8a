import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { seatFacts } from '../access/decision-facts.js';
import { LicenseGate } from '../access/license-gate.js';
import { saveCheckIn, type CheckIn } from '../database/activations.js';
import { recordAudit } from '../database/audit.js';
import { poolOf } from '../database/data-source.js';
import type { LicenseRecord, Seat } from '../database/license-facts.js';
import { inTransaction, onPool, type Run } from '../database/statements.js';
import { decideLease, type LeaseDecision } from '../domain/lease-chain.js';
import { decide } from '../domain/license-policy.js';
import { unavailable } from '../http/errors.js';
import { LeaseIssuer } from '../signing/lease-issuer.js';
import type { PanelCall } from './panel-call.js';
import { chainOf, seenAgain } from './seat-chain.js';
import type { Verdict } from './verdict.js';

/** A seat whose lease changes more often than this under one call is not a panel that phones home. */
const MOST_TRIES = 10;

/** The phone-home: the verdict of now, and the lease renewed. Never takes a seat, and no lock. */
@Injectable()
export class CheckInService {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly gate: LicenseGate,
    private readonly leases: LeaseIssuer,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  async validate(call: PanelCall): Promise<Verdict> {
    for (let tried = 0; tried < MOST_TRIES; tried++) {
      const verdict = await this.tryOnce(call, tried > 0);
      if (verdict !== null) return verdict;
    }
    throw unavailable(new Error('The lease was renewed by others at every try'));
  }

  /** Null when another call renewed the lease or released the seat in between: what was read is no longer so. */
  private async tryOnce(call: PanelCall, raced: boolean): Promise<Verdict | null> {
    const license = await this.gate.look(call.knock);
    if (license === null) return { code: 'INVALID_KEY', license };
    const { seat } = license;
    const chain = seat === null ? null : this.judgeLease(license, seat, call, raced);
    const cloneRefused = chain?.clone === true && license.policy.onClone === 'refuse';
    const code = decide(seatFacts(license, cloneRefused), call.request, call.knock.now);
    if (code !== 'VALID') {
      // Other refusals leave nothing behind; a clone that is refused still marks the seat it shares.
      const marks = code === 'HARDWARE_MISMATCH' && cloneRefused && !license.hardwareBlocked;
      if (marks && seat !== null) await this.markClone(license, seat, call);
      return { code, license };
    }
    if (seat === null || chain === null) throw new Error('A valid phone-home needs a seat');
    return this.checkIn(license, seat, chain, call);
  }

  private judgeLease(license: LicenseRecord, seat: Seat, call: PanelCall, raced: boolean): LeaseDecision {
    // The loser of a race answers the winner's lease: to judge it by the lease just replaced would void the winner's.
    if (raced && this.leases.canSign(seat.lease))
      return { lease: 'same', presentedLeaseId: seat.presentedLeaseId, clone: false };
    return decideLease(chainOf(seat, this.leases), {
      leaseId: call.leaseId,
      digest: this.leases.digest(license, seat.hardwareId),
      now: call.knock.now,
      restart: false,
    });
  }

  private async checkIn(
    license: LicenseRecord,
    seat: Seat,
    chain: LeaseDecision,
    call: PanelCall,
  ): Promise<Verdict | null> {
    const { now } = call.knock;
    const lease =
      chain.lease === 'same'
        ? seat.lease
        : this.leases.draw(license, seat.hardwareId, { now, lastSeq: seat.lease.seq });
    const change: CheckIn = {
      seatId: seat.id,
      expectedLeaseId: seat.lease.id,
      now,
      report: call.report,
      presentedLeaseId: chain.presentedLeaseId,
      lease,
      cloneSuspectedAt: seat.cloneSuspectedAt ?? (chain.clone ? now : null),
    };
    const saved =
      chain.clone && seat.cloneSuspectedAt === null
        ? await this.saveSuspicion(license, seat, change, call)
        : await saveCheckIn(this.pool, change);
    if (!saved) return null;
    return { code: 'VALID', license, seat: seenAgain(seat, call, lease), created: false };
  }

  private async markClone(license: LicenseRecord, seat: Seat, call: PanelCall): Promise<void> {
    if (seat.cloneSuspectedAt !== null) return;
    const { now } = call.knock;
    // What the refused machine reports of itself is not taken over: only the suspicion is.
    const report = {
      version: seat.version,
      hostname: null,
      platform: null,
      arch: null,
      usage: null,
      address: null,
    };
    await this.saveSuspicion(
      license,
      seat,
      {
        seatId: seat.id,
        expectedLeaseId: seat.lease.id,
        now: seat.lastSeenAt,
        report,
        presentedLeaseId: seat.presentedLeaseId,
        lease: seat.lease,
        cloneSuspectedAt: now,
      },
      call,
    );
  }

  private saveSuspicion(
    license: LicenseRecord,
    seat: Seat,
    change: CheckIn,
    call: PanelCall,
  ): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      if (!(await saveCheckIn(await inTransaction(manager), change))) return false;
      await recordAudit(manager, { ...call.actor, id: license.id }, call.knock.now, {
        action: 'activation.clone_suspected',
        subjectType: 'activation',
        subjectId: seat.id,
        details: { license_id: license.id, hardware_id: seat.hardwareId, on_clone: license.policy.onClone },
        personal: { other_address: seat.lastSeenIp },
      });
      return true;
    });
  }
}
