import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import { deleteOldFailures } from '../database/failed-proofs.js';
import { onPool, type Run } from '../database/statements.js';
import { deleteEnded, SWEPT_TABLES } from '../database/sweeps.js';
import { inBatches } from '../jobs/batches.js';
import { JobQueue } from '../jobs/job-queue.js';

/** Deletes what has ended by itself and opens nothing any more: sessions, tokens, nonces, stored answers, replaced keys, wrong passwords. */
@Injectable()
export class CleanUp implements OnModuleInit {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    private readonly clock: Clock,
    private readonly jobs: JobQueue,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  onModuleInit(): void {
    this.jobs.define({ name: 'clean-up', cron: '37 * * * *', run: (_, stopping) => this.sweep(stopping) });
  }

  async sweep(stopping?: AbortSignal): Promise<void> {
    const now = this.clock.now();
    for (const table of SWEPT_TABLES) {
      await inBatches((limit) => deleteEnded(this.pool, table, now, limit), stopping);
    }
    await inBatches((limit) => deleteOldFailures(this.pool, now, limit), stopping);
  }
}
