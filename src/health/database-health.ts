import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { poolOf } from '../database/data-source.js';

/** A load balancer asks again in a few seconds; it had better hear "no" in time than "yes" too late. */
const TIMEOUT_MS = 2_000;

/** Anybody may ask, so however often it is asked, the database is asked once a second. */
const HOLDS_MS = 1_000;

@Injectable()
export class DatabaseHealth {
  constructor(
    private readonly dataSource: DataSource,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** `up` when a connection could be had and a query answered. */
  check() {
    return this.indicators
      .check('database')
      .attempt(async () => {
        await poolOf(this.dataSource).query('select 1');
      })
      .withTimeout(TIMEOUT_MS)
      .cacheFor(HOLDS_MS);
  }
}
