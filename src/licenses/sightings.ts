import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { PanelReport } from '../database/activations.js';
import { noteSightings, type Sighting } from '../database/check-ins.js';
import { poolOf } from '../database/data-source.js';
import { onPool, type Run } from '../database/statements.js';
import { Ticker } from '../jobs/ticker.js';

/** What a crash may lose. */
const FLUSH_SECONDS = 5;

/** A busy node writes earlier, so that neither its memory nor a statement grows with its calls. */
const FLUSH_AT = 2_000;
const MOST_TOGETHER = 500;

/** A database that answers and yet can't be written for long must not fill the memory. */
const MOST_KEPT = 50_000;

/** A later report, with what only the earlier one told. */
export const followedBy = (earlier: PanelReport | undefined, later: PanelReport): PanelReport => ({
  version: later.version,
  hostname: later.hostname ?? earlier?.hostname ?? null,
  platform: later.platform ?? earlier?.platform ?? null,
  arch: later.arch ?? earlier?.arch ?? null,
  usage: later.usage ?? earlier?.usage ?? null,
  address: later.address ?? earlier?.address ?? null,
});

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

  constructor(
    dataSource: DataSource,
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

  /** Now that nobody calls any more. */
  async onApplicationShutdown(): Promise<void> {
    await this.flush('wait').catch((error: unknown) => {
      this.logger.warn({ err: error }, 'When panels called last could not be noted');
    });
  }

  note(sighting: Sighting): void {
    const { seatId } = sighting;
    const earlier = this.noted.get(seatId);
    if (earlier === undefined && this.noted.size >= MOST_KEPT) return;
    this.noted.set(seatId, { ...sighting, report: followedBy(earlier?.report, sighting.report) });
    if (this.noted.size < FLUSH_AT || this.isFlushing) return;
    // What can't be written stays and is told of by the ticker, which tries again.
    this.flush().catch(() => undefined);
  }

  /** What the panel of a seat told that is not written yet: who writes the seat takes it along. */
  pending(seatId: string): PanelReport | undefined {
    return (this.noted.get(seatId) ?? this.leaving.get(seatId))?.report;
  }

  /** Writes down what has been noted. When it resolves, all that was noted before the call is there, rows in other hands excepted. */
  flush(wait: 'wait' | 'skip' = 'skip'): Promise<void> {
    const flushed = this.before.then(() => this.write(wait));
    this.before = flushed.catch(() => undefined);
    return flushed;
  }

  private async write(wait: 'wait' | 'skip'): Promise<void> {
    const left = this.noted;
    this.noted = new Map();
    this.leaving = left;
    this.isFlushing = true;
    try {
      const all = [...left.values()];
      for (let from = 0; from < all.length; from += MOST_TOGETHER) {
        const done = await noteSightings(this.pool, all.slice(from, from + MOST_TOGETHER), wait);
        for (const seatId of done) left.delete(seatId);
      }
    } finally {
      this.isFlushing = false;
      this.leaving = new Map();
      // Back, unless the panel has called again meanwhile.
      for (const kept of left.values()) {
        const later = this.noted.get(kept.seatId);
        const report = followedBy(kept.report, later?.report ?? kept.report);
        this.noted.set(kept.seatId, { ...(later ?? kept), report });
      }
    }
  }
}
