import { Module } from '@nestjs/common';
import { FieldService } from './field.service.js';
import { LicenseDayJob } from './license-day.job.js';
import { StatsController } from './stats.controller.js';
import { StatsService } from './stats.service.js';

/** The figures of a dashboard. */
@Module({
  controllers: [StatsController],
  providers: [StatsService, FieldService, LicenseDayJob],
})
export class AdminStatsModule {}
