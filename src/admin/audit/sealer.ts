import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock.js';
import {
  appendLinks,
  dropUnsealed,
  FIRST_ID,
  hasUnsealed,
  inMicroseconds,
  loadChainHead,
  loadUnsealed,
  SEALED_AT_ONCE,
  tryToSeal,
  type SealedEvent,
  type StoredLink,
} from '../../database/audit-chain.js';
import { poolOf } from '../../database/data-source.js';
import { inTransaction, onPool, type Run } from '../../database/statements.js';
import { BEGINNING, headText } from '../../domain/audit-chain.js';
import { JobQueue } from '../../jobs/job-queue.js';
import { Ticker } from '../../jobs/ticker.js';
import { sealHash } from '../../signing/audit-seal.js';
import { Pepper } from '../../signing/data-keys.js';

/** Once a day is often enough for a log that is kept elsewhere to bear witness. */
const ANCHOR_CRON = '0 0 * * *';

/**
 * Chains audit events once they are committed, within a second. Changes would else take turns at the end of the chain,
 * in the whole cluster. An event that commits late is sealed late: the order is that of sealing.
 */
@Injectable()
export class Sealer implements OnModuleInit {
  private readonly logger = new Logger('Audit');
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly pepper: Pepper,
    private readonly clock: Clock,
    private readonly ticker: Ticker,
    private readonly jobs: JobQueue,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  onModuleInit(): void {
    this.ticker.every({ name: 'Sealing the audit log', run: () => this.seal(), atStop: true });
    this.jobs.define({ name: 'audit-anchor', run: () => this.anchor(), cron: ANCHOR_CRON });
  }

  /** Seals what waits. Does nothing while another node is at it. */
  async seal(): Promise<void> {
    if (!(await hasUnsealed(this.pool))) return;
    let last: string | null = FIRST_ID;
    while (last !== null) last = await this.sealBatch(last);
  }

  /** Writes down where the chain ends, outside of the database: `verify` shows with it that nothing was cut off since. */
  async anchor(): Promise<void> {
    const head = await loadChainHead(this.pool);
    if (head === null) return;
    const text = headText({ seq: head.seq, hash: head.hash.toString('hex') });
    this.logger.log(`The audit chain ends at ${text}.`);
  }

  /**
   * Seals what waits behind that id; answers the last one when there may be more. What was taken out before it is not gone
   * over again, and what was committed there meanwhile has its turn a second later.
   */
  private sealBatch(after: string): Promise<string | null> {
    return this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      if (!(await tryToSeal(run))) return null;
      const waiting = await loadUnsealed(run, after);
      const now = this.clock.now();
      const links = this.chain(
        await loadChainHead(run),
        waiting.filter(({ isSealed }) => !isSealed).map(({ event }) => event),
        inMicroseconds(now),
      );
      await appendLinks(run, links, now);
      await dropUnsealed(
        run,
        waiting.map(({ event }) => event.id),
      );
      return waiting.length === SEALED_AT_ONCE ? (waiting.at(-1)?.event.id ?? null) : null;
    });
  }

  private chain(
    head: Pick<StoredLink, 'seq' | 'hash'> | null,
    events: readonly SealedEvent[],
    sealedAt: string,
  ): Omit<StoredLink, 'sealedAt'>[] {
    let { seq, hash } = head ?? { seq: BEGINNING.seq, hash: Buffer.from(BEGINNING.hash, 'hex') };
    return events.map((event) => {
      const previousHash = hash;
      seq += 1;
      hash = sealHash(this.pepper, { seq, previousHash, sealedAt }, event);
      return { seq, eventId: event.id, previousHash, hash };
    });
  }
}
