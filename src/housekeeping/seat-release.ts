import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { holdLicense, type HeldLicense } from '../access/held-license.js';
import { release } from '../access/seat-release.js';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import { holdSeatPresence } from '../database/seat-facts.js';
import { pageOfLicenses } from '../database/stale-licenses.js';
import { onPool, type Run } from '../database/statements.js';
import { SYSTEM } from '../domain/actor.js';
import { staleSeatsToRelease } from '../domain/seats.js';
import { ApiError } from '../http/errors.js';
import { JobQueue } from '../jobs/job-queue.js';

const PAGE = 1_000;

const isGone = (error: unknown): boolean => error instanceof ApiError && error.code === 'NOT_FOUND';

/**
 * Frees seats that were unseen for too long, where a license is full: as many as the next activation needs and would take
 * by itself, but now, so that whoever looks sees that there is room. Where there is room already nobody loses a seat for
 * having been switched off.
 */
@Injectable()
export class SeatRelease implements OnModuleInit {
  private readonly logger = new Logger('SeatRelease');
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly jobs: JobQueue,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  onModuleInit(): void {
    this.jobs.define({
      name: 'seat-release',
      cron: '22 * * * *',
      run: (_, stopping) => this.release(stopping),
    });
  }

  /** @throws when a license was left out for what went wrong with it; all others have been looked after by then */
  async release(stopping?: AbortSignal): Promise<void> {
    const now = this.clock.now();
    let failed = 0;
    for (let after: string | null = null; ;) {
      const page = await pageOfLicenses(this.pool, { after, now, limit: PAGE });
      for (const { id, releaseAfterDays, isDue } of page) {
        if (isDue && !(await this.attempt(id, releaseAfterDays, now))) failed++;
      }
      if (page.length < PAGE || stopping?.aborted) break;
      after = page.at(-1)?.id ?? null;
    }
    if (failed > 0) throw new Error(`The seats of ${failed} licenses could not be released`);
  }

  /** Whether it went well: one license that can't be released holds up no other. */
  private async attempt(licenseId: string, releaseAfterDays: number, now: Date): Promise<boolean> {
    try {
      await this.releaseOf(licenseId, releaseAfterDays, now);
      return true;
    } catch (error) {
      this.logger.error({ err: error, license: licenseId }, 'The seats of a license could not be released');
      return false;
    }
  }

  /** One license under its lock, by what is true then. */
  private async releaseOf(licenseId: string, releaseAfterDays: number, now: Date): Promise<void> {
    const work = async (held: HeldLicense) => {
      const seats = await holdSeatPresence(held.run, licenseId);
      const needed = seats.length - held.license.maxActivations + 1;
      const stale = staleSeatsToRelease(seats, { now, releaseAfterDays, needed });
      await release(held, stale, 'stale', { actor: SYSTEM, now });
    };
    await holdLicense(this.dataSource, licenseId, work).catch((error: unknown) => {
      // Deleted since the page was read.
      if (!isGone(error)) throw error;
    });
  }
}
