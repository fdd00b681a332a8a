import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock.js';
import { poolOf } from '../../database/data-source.js';
import { saveLicenseDay } from '../../database/license-days.js';
import { onPool } from '../../database/statements.js';
import { dayOf } from '../../domain/days.js';
import { JobQueue } from '../../jobs/job-queue.js';

/** Shortly before every hour: the last look at a day is the one that stays. */
const CRON = '55 * * * *';

/** Writes down how many licenses and seats there are, for the days when they will be others. */
@Injectable()
export class LicenseDayJob implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly jobs: JobQueue,
  ) {}

  onModuleInit(): void {
    this.jobs.define({ name: 'license-day', run: () => this.save(), cron: CRON });
  }

  async save(): Promise<void> {
    const now = this.clock.now();
    await saveLicenseDay(onPool(poolOf(this.dataSource)), dayOf(now), now);
  }
}
