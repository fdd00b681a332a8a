import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { poolOf } from '../database/data-source.js';

/** A load balancer asks again in a few seconds; it had better hear "no" in time than "yes" too late. */
const TIMEOUT_MS = 2_000;

/** Anybody may ask, so however often it is asked, the database is asked once a second. */
const HOLDS_MS = 1_000;

const QUESTION = { text: 'select 1', query_timeout: TIMEOUT_MS };

@Injectable()
export class DatabaseHealth {
  private underWay: Promise<unknown> | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** `up` when a connection could be had and a query answered. */
  check() {
    return this.indicators
      .check('database')
      .attempt(async () => {
        await this.ask();
      })
      .withTimeout(TIMEOUT_MS)
      .cacheFor(HOLDS_MS);
  }

  /** One question at a time: those that time out here may still wait for a connection, and would take them all. */
  private ask(): Promise<unknown> {
    this.underWay ??= poolOf(this.dataSource)
      .query(QUESTION)
      .finally(() => {
        this.underWay = null;
      });
    return this.underWay;
  }
}
