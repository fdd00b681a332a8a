import type { EntityManager } from 'typeorm';
import { recordAudit } from '../database/audit.js';
import type { LicenseRecord } from '../database/license-facts.js';
import { noteRefusal } from '../database/refusal-notices.js';
import { inTransaction } from '../database/statements.js';
import type { Actor } from '../domain/actor.js';
import { RULES_OF, VERDICTS, type LicenseAction, type LicenseCode } from '../domain/verdicts.js';
import {
  choice,
  hardwareIdShape,
  id,
  resource,
  text,
  version as versionShape,
  type Wire,
} from '../http/shapes.js';
import { licenseBody, PANEL_LICENSE } from './license-answer.js';

export const REFUSAL_EVENT = resource('RefusalEvent', {
  license_id: id('License'),
  action: choice(Object.keys(RULES_OF) as LicenseAction[]),
  code: choice(Object.keys(VERDICTS) as LicenseCode[], { example: 'MAX_ACTIVATIONS' }),
  hardware_id: hardwareIdShape(),
  version: versionShape({ example: '1.0.0' }),
  error: text({ example: VERDICTS.MAX_ACTIVATIONS.error }),
  license: PANEL_LICENSE,
});

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
  const data: Wire<typeof REFUSAL_EVENT> = {
    license_id: license.id,
    ...details,
    error: VERDICTS[code].error,
    license: licenseBody(license),
  };
  await recordAudit(manager, actor, now, {
    action: 'activation.refused',
    subjectType: 'license',
    subjectId: license.id,
    customerId: license.customerId,
    details,
    ...(isNews && { event: { data } }),
  });
}
