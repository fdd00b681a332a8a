import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { PanelReport } from '../database/activations.js';
import { noteSightingAtLast, noteSightings, type Sighting } from '../database/check-ins.js';
import { poolOf } from '../database/data-source.js';
import { onPool, type Run } from '../database/statements.js';
import { Ticker } from '../jobs/ticker.js';
import { seenAfter, toldOf } from './panel-report.js';

/** What a crash may lose. */
const FLUSH_SECONDS = 5;

/** A busy node writes earlier, so that neither its memory nor a statement grows with its calls. */
const FLUSH_AT = 2_000;
const MOST_TOGETHER = 500;

/** For seats that others hold when the service stops. */
const LAST_WAIT_MS = 3_000;

/** A database that answers and yet can't be written for long must not fill the memory. */
const MOST_KEPT = 50_000;

/**
 * Panels that called and were answered the lease they have: when, and what they told of themselves. That is written down
 * every few seconds and when the service stops, many seats a statement. A crash loses the seconds since, which is nothing that a
 * verdict, a seat or a lease depends on.
 */
@Injectable()
export class Sightings implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Sightings');
  private readonly pool: Run;
  private noted = new Map<string, Sighting>();
  /** On their way to the database. */
  private leaving: ReadonlyMap<string, Sighting> = new Map();
  /** The last flush that was begun, whatever became of it. */
  private before: Promise<unknown> = Promise.resolve();
  private isFlushing = false;
  private flushAt = FLUSH_AT;
  /** Since it was last told. */
  private dropped = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly ticker: Ticker,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  onModuleInit(): void {
    this.ticker.every({
      name: 'Noting when panels called',
      run: () => this.flush(),
      everySeconds: FLUSH_SECONDS,
    });
  }

  /** Now that nobody calls any more. Seats in other hands are waited for, all of them together no longer than that. */
  async onApplicationShutdown(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.logger.warn({ err: error }, `When ${this.noted.size} panels called last could not be noted`);
      return;
    }
    const latest = performance.now() + LAST_WAIT_MS;
    let lost = 0;
    for (const sighting of this.noted.values()) {
      const isNoted = performance.now() < latest && (await this.noteAtLast(sighting));
      if (!isNoted) lost++;
    }
    if (lost > 0)
      this.logger.warn(`When ${lost} panels called last could not be noted: their seats are held`);
  }

  private async noteAtLast(sighting: Sighting): Promise<boolean> {
    try {
      await noteSightingAtLast(this.dataSource, sighting);
      return true;
    } catch {
      // Another's row: the next one need not be.
      return false;
    }
  }

  note(sighting: Sighting): void {
    const { seatId } = sighting;
    const earlier = this.noted.get(seatId);
    const isKnown = earlier !== undefined || this.leaving.has(seatId);
    if (!isKnown && this.noted.size + this.leaving.size >= MOST_KEPT) {
      this.dropped++;
      return;
    }
    this.noted.set(seatId, earlier === undefined ? sighting : seenAfter(earlier, sighting));
    if (this.noted.size < this.flushAt || this.isFlushing) return;
    // At once and not when it begins: those that were answered together come here before that.
    this.isFlushing = true;
    // What can't be written stays and is told of by the ticker, which tries again.
    this.flush().catch(() => undefined);
  }

  /** What the panel of a seat told that is not written yet: who writes the seat, as that customer's, takes it along. */
  pending(seatId: string, customerId: string | null): PanelReport | undefined {
    const leaving = this.leaving.get(seatId);
    const noted = this.noted.get(seatId);
    const last =
      leaving !== undefined && noted !== undefined ? seenAfter(leaving, noted) : (noted ?? leaving);
    return last && toldOf(last, customerId);
  }

  /** Writes down what has been noted. When it resolves, all that was noted before the call is there, rows in other hands excepted. */
  flush(): Promise<void> {
    const flushed = this.before.then(() => this.write());
    this.before = flushed.catch(() => undefined);
    return flushed;
  }

  private tellDropped(): void {
    if (this.dropped === 0) return;
    this.logger.warn(
      `When ${this.dropped} panels called is not noted: ${MOST_KEPT} seats wait to be written`,
    );
    this.dropped = 0;
  }

  private async write(): Promise<void> {
    this.tellDropped();
    const left = this.noted;
    this.noted = new Map();
    this.leaving = left;
    this.isFlushing = true;
    try {
      const all = [...left.values()];
      for (let from = 0; from < all.length; from += MOST_TOGETHER) {
        const done = await noteSightings(this.pool, all.slice(from, from + MOST_TOGETHER));
        for (const seatId of done) left.delete(seatId);
      }
    } finally {
      this.isFlushing = false;
      this.leaving = new Map();
      // What could not be written is no reason to try again at the next call.
      this.flushAt = left.size + FLUSH_AT;
      for (const kept of left.values()) {
        const later = this.noted.get(kept.seatId);
        this.noted.set(kept.seatId, later === undefined ? kept : seenAfter(kept, later));
      }
    }
  }
}
