import { Injectable } from '@nestjs/common';
import { LicenseKey, Policy, Product } from '../../database/entities/index.js';
import { endLicenseKeys } from '../../database/license-keys.js';
import type { LicenseView } from '../../database/license-views.js';
import type { Actor } from '../../domain/actor.js';
import { renewedDates } from '../../domain/license-dates.js';
import { conflict, fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import type { IssuedLicense } from './issued-license.js';
import { LicenseChanges } from './license-changes.js';
import { LicenseKeys } from './license-keys.js';
import { refuseTransition, TRANSITIONS, type StatusVerb } from './license-status.js';
import type { ChangeStatus, RenewLicense, RotateKey } from './licenses.dto.js';

const HOUR_MS = 3_600_000;

/** What is done to a license that has been sold. */
@Injectable()
export class LicenseVerbsService {
  constructor(
    private readonly changes: LicenseChanges,
    private readonly keys: LicenseKeys,
  ) {}

  /** @throws 409 when the verb does not apply to the license's status */
  changeStatus(id: string, verb: StatusVerb, body: ChangeStatus, actor: Actor): Promise<LicenseView> {
    const { to, done } = TRANSITIONS[verb];
    const reason = body.reason ?? null;
    return this.changes.hold(id, actor, async (held, by) => {
      refuseTransition(verb, held.license.status);
      const columns = { status: to, statusReason: reason };
      return this.changes.apply(
        held,
        { action: `license.${done}` as const, columns, personal: { reason } },
        by,
      );
    });
  }

  /** @throws 409 when neither date is set, 422 when neither the request nor the policy says for how long */
  renew(id: string, body: RenewLicense, actor: Actor): Promise<LicenseView> {
    return this.changes.hold(id, actor, async (held, by) => {
      const { license, manager } = held;
      const policy = await manager.findOneByOrFail(Policy, { id: license.policyId });
      const terms = { days: body.days ?? policy.durationDays, updatesDays: policy.updatesDays };
      const dates = renewedDates(license, terms, by.now);
      if (dates === 'nothing ends') throw conflict('The license has no end that could be extended.');
      if (dates === 'no days') throw fieldErrors({ days: [sentence('required', 'days')] });
      return this.changes.apply(held, { action: 'license.renewed', columns: dates }, by);
    });
  }

  /** Seats stay: panels are known by their hardware, and their leases name the license and not its key. */
  rotateKey(id: string, { overlap_hours }: RotateKey, actor: Actor): Promise<IssuedLicense> {
    return this.changes.hold(id, actor, async (held, by) => {
      const { license, manager, run } = held;
      if (license.status === 'revoked') throw conflict('A revoked license cannot be given a new key.');
      const { keyPrefix } = await manager.findOneByOrFail(Product, { id: license.productId });
      const { key, row } = this.keys.draw(keyPrefix, license.id, by.now);
      const endsAt = new Date(by.now.getTime() + overlap_hours * HOUR_MS);
      await endLicenseKeys(run, license.id, { now: by.now, endsAt });
      await manager.insert(LicenseKey, row);
      const details = { key: row.hint, overlap_hours };
      const change = { action: 'license.key_rotated' as const, columns: {}, details };
      return { license: await this.changes.apply(held, change, by), key };
    });
  }
}
