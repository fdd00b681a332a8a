import { Module } from '@nestjs/common';
import { VerdictCounts } from './verdict-counts.js';

/** What is counted of the calls of panels. */
@Module({ providers: [VerdictCounts], exports: [VerdictCounts] })
export class MetricsModule {}
