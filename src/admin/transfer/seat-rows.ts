import { v7 as uuidv7 } from 'uuid';
import type { StagedSeat } from '../../database/seat-import.js';
import { parseHardwareId } from '../../domain/hardware-id.js';
import { normalizeLicenseKey } from '../../domain/license-key.js';
import { fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import type { Pepper } from '../../signing/data-keys.js';
import type { RowKind } from './checked-rows.js';
import { refuseFuture } from './past-dates.js';
import { ImportedSeat } from './transfer.dto.js';

/** By one of the two: with both, nobody could say which counts. */
function refuseUnnamed({ license_id, license_key }: ImportedSeat): void {
  if (license_id === undefined && license_key === undefined)
    throw fieldErrors({ license_key: [sentence('required', 'license_key')] });
  if (license_id !== undefined && license_key !== undefined)
    throw fieldErrors({ license_id: [sentence('prohibited', 'license_id')] });
}

/** Rows of seats. Whether there is such a license, and room in it, the database tells. */
export const seatRows = (pepper: Pepper, now: Date): RowKind<ImportedSeat, StagedSeat> => ({
  dto: ImportedSeat,
  json: new Set(),
  stage(sent, line) {
    refuseUnnamed(sent);
    const { activated_at, last_seen_at } = sent;
    refuseFuture({ activated_at, last_seen_at }, now);
    const activatedAt = activated_at ?? now;
    const lastSeenAt = last_seen_at ?? activatedAt;
    if (lastSeenAt < activatedAt) throw fieldErrors({ last_seen_at: [sentence('date', 'last_seen_at')] });
    return {
      line,
      id: uuidv7(),
      licenseId: sent.license_id ?? null,
      keyHash:
        sent.license_key === undefined
          ? null
          : pepper.hash('license-key', normalizeLicenseKey(sent.license_key)),
      hardwareId: parseHardwareId(sent.hardware_id),
      hostname: sent.hostname ?? null,
      platform: sent.platform ?? null,
      arch: sent.arch ?? null,
      version: sent.version,
      activatedAt,
      lastSeenAt,
      offlineUntil: sent.offline_until ?? null,
      leaseId: uuidv7(),
    };
  },
});
