import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { holdLicense, type ChangedBy, type HeldLicense } from '../../access/held-license.js';
import { licenseBody } from '../../access/license-body.js';
import { Clock } from '../../clock.js';
import { recordAudit } from '../../database/audit.js';
import { differences, personalDifferences, wholeRow } from '../../database/differences.js';
import { endLicenseTokens } from '../../database/download-tokens.js';
import { License } from '../../database/entities/index.js';
import { loadLicenseViews, type LicenseView } from '../../database/license-views.js';
import type { Run } from '../../database/statements.js';
import type { Actor } from '../../domain/actor.js';
import type { EventType } from '../../domain/event-types.js';
import { notFound } from '../../http/errors.js';

/** The events that tell what became of a license. */
type LicenseEvent = Extract<EventType, `license.${string}`>;

/** What is to become of a license, and how the audit log tells it. */
export interface LicenseChange {
  readonly action: LicenseEvent;
  /** Undefined columns stay. */
  readonly columns: Partial<License>;
  readonly details?: Record<string, unknown>;
  readonly personal?: Record<string, string | null>;
}

/** These may name a person: a reason is told where it can be erased, and of what is the vendor's own only that it changes. */
const WITHHELD = ['metadata', 'statusReason'] as const;

/** Whether a license lets panels download at `now`. */
const isGood = ({ status, expiresAt }: Pick<License, 'status' | 'expiresAt'>, now: Date): boolean =>
  status === 'active' && (expiresAt === null || expiresAt > now);

/** The license as the change leaves it. */
const changed = (license: License, { status, expiresAt }: Partial<License>) => ({
  status: status ?? license.status,
  expiresAt: expiresAt === undefined ? license.expiresAt : expiresAt,
});

/** Changes one license under its lock, with its audit event. */
@Injectable()
export class LicenseChanges {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Holds the license while `work` decides and applies; `before` takes what must be held before it. */
  hold<T>(
    id: string,
    actor: Actor,
    work: (held: HeldLicense, by: ChangedBy) => Promise<T>,
    before?: (manager: EntityManager) => Promise<void>,
  ): Promise<T> {
    return holdLicense(this.dataSource, id, (held) => work(held, { actor, now: this.clock.now() }), before);
  }

  /** Answers the license as it is afterwards. */
  async apply(
    { license, manager, run }: HeldLicense,
    { action, columns, details, personal }: LicenseChange,
    { actor, now }: ChangedBy,
  ): Promise<LicenseView> {
    const values = { ...columns, updatedAt: now } as QueryDeepPartialEntity<License>;
    await manager.update(License, { id: license.id }, values);
    // Before as well as after: an end that came by itself has left its tokens behind for a renewal to revive.
    if (!isGood(license, now) || !isGood(changed(license, columns), now)) {
      await endLicenseTokens(run, license.id);
    }
    const view = await viewOf(run, license.id);
    await recordAudit(manager, actor, now, {
      action,
      subjectType: 'license',
      subjectId: license.id,
      customerId: license.customerId,
      details: { ...details, changes: this.differences(license, columns) },
      personal: { ...personal, ...this.personalDifferences(license, columns) },
      event: { data: licenseBody(view), customerId: view.customerId },
    });
    return view;
  }

  /** The same for a change that may come to nothing: then nothing is written. */
  async applyIfDifferent(held: HeldLicense, change: LicenseChange, by: ChangedBy): Promise<LicenseView> {
    const isDifferent = Object.keys(this.differences(held.license, change.columns)).length > 0;
    return isDifferent ? this.apply(held, change, by) : viewOf(held.run, held.license.id);
  }

  /** What a license is sold with, or was when it goes: for the audit log. */
  whole(license: Omit<License, 'productId' | 'policyId'>, became: 'created' | 'deleted') {
    return wholeRow(this.dataSource.getMetadata(License), license, became, WITHHELD);
  }

  private personalDifferences(license: License, columns: Partial<License>): Record<string, unknown> {
    const metadata = this.dataSource.getMetadata(License);
    const changes = personalDifferences(metadata, license, columns, ['statusReason']);
    return Object.keys(changes).length > 0 ? { changes } : {};
  }

  private differences(license: License, columns: Partial<License>): Record<string, unknown> {
    return differences(this.dataSource.getMetadata(License), license, columns, WITHHELD);
  }
}

async function viewOf(run: Run, id: string): Promise<LicenseView> {
  const [view] = await loadLicenseViews(run, [id]);
  if (view === undefined) throw notFound('License');
  return view;
}
