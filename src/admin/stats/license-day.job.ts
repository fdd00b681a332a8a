import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock.js';
import { poolOf } from '../../database/data-source.js';
import {
  countField,
  loadCounted,
  noteCounted,
  tryToCount,
  type Counted,
} from '../../database/figures-counted.js';
import { saveLicenseDay } from '../../database/license-days.js';
import { PatientDatabase } from '../../database/patient-database.js';
import { onPool } from '../../database/statements.js';
import { dayOf } from '../../domain/days.js';
import { JobQueue } from '../../jobs/job-queue.js';

/** The last look at a day is the one that stays: a minute before its end. */
const CRON = '4-59/5 * * * *';
const EVERY_MS = 300_000;

/** Counting is a hundredth of the time at the most, however much there is to count. */
const REST = 100;

const isRecent = ({ at, tookMs }: Counted, now: Date): boolean =>
  dayOf(at) === dayOf(now) && now.getTime() - at.getTime() < tookMs * REST;

/** Whether there will be no other look at this day. */
const isLastOfDay = (now: Date): boolean => dayOf(new Date(now.getTime() + EVERY_MS)) !== dayOf(now);

/**
 * Counts licenses and seats, for the days when they will be others, and for those who ask while there are too many to be
 * counted each time.
 */
@Injectable()
export class LicenseDayJob implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly patient: PatientDatabase,
    private readonly clock: Clock,
    private readonly jobs: JobQueue,
  ) {}

  onModuleInit(): void {
    this.jobs.define({
      name: 'license-day',
      run: (_, stopping) => this.saveUnlessRecent(stopping),
      cron: CRON,
    });
  }

  /** What the clock brings. */
  async saveUnlessRecent(stopping?: AbortSignal): Promise<void> {
    const now = this.clock.now();
    const counted = await loadCounted(onPool(poolOf(this.dataSource)));
    if (counted !== null && isRecent(counted, now) && !isLastOfDay(now)) return;
    try {
      await this.save(stopping);
    } catch (error) {
      // Another node counts within five minutes, or this one when it is back.
      if (!stopping?.aborted) throw error;
    }
  }

  /** Without a time limit: of ten million seats it takes a quarter of a minute. */
  async save(stopping?: AbortSignal): Promise<void> {
    const now = this.clock.now();
    // A snapshot of the whole could be older than what another node has just written, and the lock is free by then.
    const transaction = await this.patient.begin('READ COMMITTED', stopping);
    try {
      const { run } = transaction;
      if (!(await tryToCount(run))) return;
      const began = performance.now();
      await countField(run);
      await saveLicenseDay(run, dayOf(now), now);
      await noteCounted(run, now, Math.ceil(performance.now() - began));
      await transaction.commit();
    } finally {
      await transaction.end();
    }
  }
}
