import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import { onPool, type Run } from '../database/statements.js';
import { deleteOldEvents, deleteRefusalNotices, dropPreviousSecrets } from '../database/webhook-retention.js';
import { inBatches } from '../jobs/batches.js';
import { JobQueue } from '../jobs/job-queue.js';

const DAY_MS = 86_400_000;

/** Days for which events and their deliveries can be looked at and sent again. */
const KEPT_DAYS = 30;

/** Throws away what has been told for long, once a night in the cluster. */
@Injectable()
export class WebhookRetention implements OnModuleInit {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    private readonly jobs: JobQueue,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  onModuleInit(): void {
    this.jobs.define({
      name: 'webhook-retention',
      cron: '20 3 * * *',
      run: (_, stopping) => this.run(stopping),
    });
  }

  async run(stopping?: AbortSignal): Promise<void> {
    const now = this.clock.now();
    const cutoff = new Date(now.getTime() - KEPT_DAYS * DAY_MS);
    await inBatches((limit) => deleteOldEvents(this.pool, cutoff, limit), stopping);
    const repeatable = new Date(now.getTime() - DAY_MS);
    await inBatches((limit) => deleteRefusalNotices(this.pool, repeatable, limit), stopping);
    await dropPreviousSecrets(this.pool, now);
  }
}
