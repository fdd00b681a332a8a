import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { LICENSE_FIELDS, licenseBody } from '../access/license-body.js';
import { Clock } from '../clock.js';
import { recordAudit } from '../database/audit.js';
import { claimNotices, type NoticeCursor } from '../database/license-notices.js';
import { loadLicenseViews, type LicenseView } from '../database/license-views.js';
import { inTransaction } from '../database/statements.js';
import { SYSTEM } from '../domain/actor.js';
import { daysLeft, NOTICE_DAYS, noticesSince } from '../domain/expiry-notices.js';
import { integer, resource, type Wire } from '../http/shapes.js';
import { JobQueue } from '../jobs/job-queue.js';

export const EXPIRING_EVENT = resource('LicenseExpiringEvent', {
  ...LICENSE_FIELDS,
  days_left: integer({ min: 1, example: 30 }),
});

/** Held at a time: an activation that meets one of them waits for the whole batch. */
const BATCH = 100;

/** Tells of licenses that are about to end, and of those that have. */
@Injectable()
export class ExpiryNotices implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly jobs: JobQueue,
  ) {}

  onModuleInit(): void {
    this.jobs.define({
      name: 'expiry-notices',
      cron: '7 * * * *',
      run: (_, stopping) => this.tell(stopping),
    });
  }

  /** Each notice once for an end, however often and on however many nodes this runs. */
  async tell(stopping?: AbortSignal): Promise<void> {
    const now = this.clock.now();
    for (let after: NoticeCursor | null = null; ;) {
      after = await this.tellSome(now, after);
      if (after === null || stopping?.aborted) return;
    }
  }

  /** Notices and what tells that they were given are one transaction. Answers where to go on. */
  private tellSome(now: Date, after: NoticeCursor | null): Promise<NoticeCursor | null> {
    return this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      const claim = { steps: NOTICE_DAYS, now, since: noticesSince(now), limit: BATCH, after };
      const { due, next } = await claimNotices(run, claim);
      const views = await loadLicenseViews(
        run,
        due.map(({ licenseId }) => licenseId),
      );
      for (const license of views) await note(manager, license, now);
      return next;
    });
  }
}

async function note(manager: EntityManager, license: LicenseView, now: Date): Promise<void> {
  const { id, expiresAt, customerId, product, policy } = license;
  if (expiresAt === null) return;
  const days_left = daysLeft(expiresAt, now);
  const body = licenseBody(license);
  const expiring: Wire<typeof EXPIRING_EVENT> = { ...body, days_left };
  await recordAudit(manager, SYSTEM, now, {
    subjectType: 'license',
    subjectId: id,
    customerId,
    details: { product, policy, expires_at: expiresAt, ...(days_left > 0 && { days_left }) },
    ...(days_left > 0
      ? { action: 'license.expiring', event: { data: expiring } }
      : { action: 'license.expired', event: { data: body } }),
  });
}
