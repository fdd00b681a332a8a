import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { seatFacts } from '../access/decision-facts.js';
import { LicenseGate } from '../access/license-gate.js';
import { saveCheckIn, type CheckIn } from '../database/activations.js';
import type { LicenseRecord, Seat, StoredLease } from '../database/license-facts.js';
import { inTransaction } from '../database/statements.js';
import type { LeaseDecision } from '../domain/lease-chain.js';
import { decide } from '../domain/license-policy.js';
import type { LicenseCode } from '../domain/verdicts.js';
import { unavailable } from '../http/errors.js';
import { LeaseIssuer } from '../signing/lease-issuer.js';
import type { PanelCall } from './panel-call.js';
import { followedBy } from './panel-report.js';
import { CloneWatch, isRefusedClone, marksSeat } from './clone-watch.js';
import { CheckInWriter } from './check-in-writer.js';
import { judgeChain, judgeLoser, leaseFor, seenAgain } from './seat-chain.js';
import { Sightings } from './sightings.js';
import type { Verdict } from './verdict.js';

/** A seat whose lease changes more often than this under one call is not a panel that phones home. */
const MOST_TRIES = 32;

const marksAnew = (clone: boolean, seat: Seat): boolean => clone && seat.cloneSuspectedAt === null;

/** Whether nothing of the seat's leases changes: then all there is to write is that its panel was seen. */
const isSeenOnly = ({ lease, presentedLeaseId, clone }: LeaseDecision, seat: Seat): boolean =>
  lease === 'same' && presentedLeaseId === seat.presentedLeaseId && !marksAnew(clone, seat);

/** The phone-home: the verdict of now, and the lease renewed. Never takes a seat, and no lock. */
@Injectable()
export class CheckInService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly gate: LicenseGate,
    private readonly leases: LeaseIssuer,
    private readonly writer: CheckInWriter,
    private readonly sightings: Sightings,
    private readonly clones: CloneWatch,
  ) {}

  async validate(call: PanelCall): Promise<Verdict> {
    let first: LeaseDecision | null = null;
    for (let tried = 0; tried < MOST_TRIES; tried++) {
      const license = await this.gate.look(call.knock);
      if (license === null) return { code: 'INVALID_KEY', license };
      const chain: LeaseDecision | null = this.judge(license, call, first);
      const cloneRefused = isRefusedClone(license, chain);
      const code = decide(seatFacts(license, cloneRefused), call.request, call.knock.now);
      if (code !== 'VALID') {
        await this.noteRefusal(license, chain, code, call);
        return { code, license };
      }
      const { seat } = license;
      if (seat === null || chain === null) throw new Error('A valid phone-home needs a seat');
      const lease = leaseFor(chain, license, seat, call, this.leases);
      if (await this.save(license, seat, chain, lease, call)) {
        return { code, license, seat: seenAgain(seat, call, lease), created: false };
      }
      // Another call renewed the lease or released the seat in between: what was read is no longer so.
      first ??= chain;
    }
    throw unavailable(new Error('The lease was renewed by others at every try'));
  }

  private judge(license: LicenseRecord, call: PanelCall, first: LeaseDecision | null): LeaseDecision | null {
    const { seat } = license;
    if (seat === null) return null;
    return first === null
      ? judgeChain(license, seat, call, this.leases, 'judged')
      : judgeLoser(license, seat, this.leases, first);
  }

  private async save(
    license: LicenseRecord,
    seat: Seat,
    chain: LeaseDecision,
    lease: StoredLease,
    call: PanelCall,
  ): Promise<boolean> {
    const { report, knock } = call;
    if (isSeenOnly(chain, seat)) {
      this.sightings.note({ seatId: seat.id, customerId: license.customerId, now: knock.now, report });
      return true;
    }
    const change: CheckIn = {
      seatId: seat.id,
      expectedLeaseId: seat.lease.id,
      expectedPresentedLeaseId: seat.presentedLeaseId,
      now: knock.now,
      report: followedBy(this.sightings.pending(seat.id, license.customerId), report),
      presentedLeaseId: chain.presentedLeaseId,
      lease,
    };
    if (!marksAnew(chain.clone, seat)) return this.writer.save(change);
    return this.dataSource.transaction(async (manager) => {
      if (!(await saveCheckIn(await inTransaction(manager), change))) return false;
      await this.clones.suspect(manager, license, seat, call);
      return true;
    });
  }

  private async noteRefusal(
    license: LicenseRecord,
    chain: LeaseDecision | null,
    code: LicenseCode,
    call: PanelCall,
  ): Promise<void> {
    const { seat } = license;
    if (seat === null || seat.cloneSuspectedAt !== null || !marksSeat(license, chain, code)) return;
    await this.dataSource.transaction((manager) => this.clones.suspect(manager, license, seat, call));
  }
}
