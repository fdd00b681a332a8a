import { activationEvent } from './activation-body.js';
import { releaseSeats, type ReleaseReason } from '../database/activations.js';
import { recordAudit } from '../database/audit.js';
import type { ChangedBy, HeldLicense } from './held-license.js';

/** Frees seats of a license that is held, each with its audit event. Answers how many there were. */
export async function release(
  { license, manager, run }: HeldLicense,
  seatIds: readonly string[],
  reason: ReleaseReason,
  { actor, now }: ChangedBy,
): Promise<number> {
  const released = await releaseSeats(run, seatIds, now, reason);
  for (const seat of released) {
    await recordAudit(manager, actor, now, {
      action: 'activation.released',
      subjectType: 'activation',
      subjectId: seat.id,
      customerId: license.customerId,
      details: { license_id: license.id, hardware_id: seat.hardwareId, reason },
      event: { data: activationEvent(seat) },
    });
  }
  return released.length;
}
