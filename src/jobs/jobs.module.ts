import { Global, Module } from '@nestjs/common';
import { JobQueue } from './job-queue.js';
import { Ticker } from './ticker.js';

/** What runs without a request: work in a queue, and what is looked after by the second. */
@Global()
@Module({ providers: [JobQueue, Ticker], exports: [JobQueue, Ticker] })
export class JobsModule {}
