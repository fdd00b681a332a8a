import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { COUNTED_TABLES, deleteOldDays } from '../database/counts-retention.js';
import { poolOf } from '../database/data-source.js';
import { onPool, type Run } from '../database/statements.js';
import { dayOf } from '../domain/days.js';
import { inBatches } from '../jobs/batches.js';
import { JobQueue } from '../jobs/job-queue.js';

const DAY_MS = 86_400_000;

/** Forgets the daily figures of days that are long over. */
@Injectable()
export class CountsRetention implements OnModuleInit {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    private readonly clock: Clock,
    private readonly jobs: JobQueue,
    @Inject(CONFIG) private readonly config: Pick<Config, 'STATS_RETENTION_DAYS'>,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  onModuleInit(): void {
    this.jobs.define({
      name: 'stats-retention',
      cron: '30 3 * * *',
      run: (_, stopping) => this.forget(stopping),
    });
  }

  async forget(stopping?: AbortSignal): Promise<void> {
    const days = this.config.STATS_RETENTION_DAYS;
    if (days === 0) return;
    const before = dayOf(new Date(this.clock.now().getTime() - days * DAY_MS));
    for (const table of COUNTED_TABLES) {
      await inBatches((limit) => deleteOldDays(this.pool, table, before, limit), stopping);
    }
  }
}
