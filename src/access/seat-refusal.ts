import type { EntityManager } from 'typeorm';
import { recordAudit } from '../database/audit.js';
import type { LicenseRecord } from '../database/license-facts.js';
import { noteRefusal } from '../database/refusal-notices.js';
import { inTransaction } from '../database/statements.js';
import type { Actor } from '../domain/actor.js';
import { VERDICTS, type LicenseAction, type LicenseCode } from '../domain/verdicts.js';
import { licenseBody } from './license-answer.js';

/** A call about a seat that the rules refused. */
export interface Refusal {
  readonly license: LicenseRecord;
  readonly code: LicenseCode;
  readonly action: LicenseAction;
  readonly hardwareId: string;
  readonly version: string;
}

/** The audit log has every refusal; receivers are told of the first of a license and code in an hour. */
export async function recordRefusal(
  manager: EntityManager,
  actor: Actor,
  now: Date,
  { license, code, action, hardwareId, version }: Refusal,
): Promise<void> {
  const isNews = await noteRefusal(await inTransaction(manager), license.id, code, now);
  const details = { action, code, hardware_id: hardwareId, version };
  await recordAudit(manager, actor, now, {
    action: 'activation.refused',
    subjectType: 'license',
    subjectId: license.id,
    customerId: license.customerId,
    details,
    ...(isNews && {
      event: {
        data: {
          license_id: license.id,
          ...details,
          error: VERDICTS[code].error,
          license: licenseBody(license),
        },
      },
    }),
  });
}
