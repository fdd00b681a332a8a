import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { poolOf } from '../database/data-source.js';
import { onPool, type Run } from '../database/statements.js';
import { addVerdictCounts } from '../database/verdict-counts.js';
import { dayOf } from '../domain/days.js';
import type { LicenseAction, VerdictCode } from '../domain/verdicts.js';
import { Ticker } from '../jobs/ticker.js';
import { countVerdict } from './metrics.js';
import { VerdictTally } from './verdict-tally.js';

/** What a crash may lose. */
const FLUSH_SECONDS = 5;

/**
 * Counts verdicts for the statistics without a query a call. They are written down every few seconds and when the service
 * stops. A crash loses the seconds since, and a statement whose answer is lost may be counted twice: these are figures for
 * people, and nothing is decided by them.
 */
@Injectable()
export class VerdictCounts implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Statistics');
  private readonly tally = new VerdictTally();
  private readonly pool: Run;
  /** The last flush that was begun, whatever became of it. */
  private before: Promise<unknown> = Promise.resolve();

  constructor(
    dataSource: DataSource,
    private readonly ticker: Ticker,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  onModuleInit(): void {
    this.ticker.every({
      name: 'Counting verdicts',
      run: () => this.flush(),
      everySeconds: FLUSH_SECONDS,
    });
  }

  /** Now that nobody calls any more. */
  async onApplicationShutdown(): Promise<void> {
    await this.flush().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'The last verdicts could not be counted');
    });
  }

  /** `product` is null where no license was found. */
  count(action: LicenseAction, code: VerdictCode, product: string | null, now: Date): void {
    countVerdict(action, code);
    this.tally.add({ day: dayOf(now), product: product ?? '', action, code, count: 1 });
  }

  /**
   * Writes down what has been counted; what can't be written is kept for the next time. When it resolves, all that was
   * counted before the call is there, also what another flush was at.
   */
  flush(): Promise<void> {
    const flushed = this.before.then(() => this.write());
    this.before = flushed.catch(() => undefined);
    return flushed;
  }

  private async write(): Promise<void> {
    const counts = this.tally.take();
    if (counts.length === 0) return;
    try {
      await addVerdictCounts(this.pool, counts);
    } catch (error) {
      for (const count of counts) this.tally.add(count);
      throw error;
    }
  }
}
