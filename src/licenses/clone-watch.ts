import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { activationEvent } from '../access/activation-body.js';
import { markClone } from '../database/activations.js';
import { recordAudit } from '../database/audit.js';
import type { LicenseRecord, Seat } from '../database/license-facts.js';
import { inTransaction } from '../database/statements.js';
import type { LeaseDecision } from '../domain/lease-chain.js';
import type { VerdictCode } from '../domain/verdicts.js';
import type { PanelCall } from './panel-call.js';
import { Sightings } from './sightings.js';

/** Whether the policy refuses the call for what its lease shows. */
export const isRefusedClone = (license: LicenseRecord, chain: LeaseDecision | null): boolean =>
  chain?.clone === true && license.policy.onClone === 'refuse';

/**
 * Whether the call marks the seat. A refusal for another reason leaves nothing behind; one for being a clone still marks
 * the seat that it shares.
 */
export const marksSeat = (
  license: LicenseRecord,
  chain: LeaseDecision | null,
  code: VerdictCode,
): chain is LeaseDecision =>
  chain?.clone === true &&
  (code === 'VALID' ||
    (code === 'HARDWARE_MISMATCH' && isRefusedClone(license, chain) && !license.hardwareBlocked));

/** Notes of seats that more than one machine uses. */
@Injectable()
export class CloneWatch {
  constructor(private readonly sightings: Sightings) {}

  /**
   * Marks the seat once, with both addresses in the audit log: the caller's, and where the last call before it came from,
   * which this node may not have written down yet. What another node has not is not known here.
   */
  async suspect(manager: EntityManager, license: LicenseRecord, seat: Seat, call: PanelCall): Promise<void> {
    const { now } = call.knock;
    const marked = await markClone(await inTransaction(manager), seat.id, now);
    if (marked === null) return;
    const pending = this.sightings.pending(seat.id, license.customerId);
    await recordAudit(manager, { ...call.actor, id: license.id }, now, {
      action: 'activation.clone_suspected',
      subjectType: 'activation',
      subjectId: seat.id,
      customerId: license.customerId,
      details: { license_id: license.id, hardware_id: seat.hardwareId, on_clone: license.policy.onClone },
      personal: { other_address: pending?.address ?? seat.lastSeenIp },
      event: { data: activationEvent(marked) },
    });
  }
}
