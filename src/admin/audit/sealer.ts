import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock.js';
import {
  appendLinks,
  dropUnsealed,
  FIRST_ID,
  hasUnsealed,
  holdsLink,
  loadChainHead,
  loadUnsealed,
  SEALED_AT_ONCE,
  tryToSeal,
  type SealedEvent,
  type StoredHead,
  type StoredLink,
} from '../../database/audit-chain.js';
import { poolOf } from '../../database/data-source.js';
import { inTransaction, onPool, type Run } from '../../database/statements.js';
import { BEGINNING, headText } from '../../domain/audit-chain.js';
import { inMicroseconds } from '../../domain/audit-event-text.js';
import { JobQueue } from '../../jobs/job-queue.js';
import { Ticker } from '../../jobs/ticker.js';
import { sealHash } from '../../signing/audit-seal.js';
import { Pepper } from '../../signing/data-keys.js';
import { forgeryJudge } from './forgery.js';
import { loadStart } from './links.js';

/** A log that is kept elsewhere bears witness from then on: what is cut off within the hour it can't show. */
const ANCHOR_CRON = '0 * * * *';

/** How many forged events are remembered as told: an attacker decides how many there are. */
const MOST_TOLD = 1_000;

/**
 * Chains audit events once they are committed, within a second. Changes would else take turns at the end of the chain,
 * in the whole cluster. An event that commits late is sealed late: the order is that of sealing.
 *
 * Whoever can write to the database can list events as unsealed and take links away, so two things are refused: events that
 * no `recordAudit` wrote, which stay where they are for `verify` to name, and to go on from a chain that is not the one
 * this process has seen. The latter ends with this process: after a restored backup every node has to be started anew.
 */
@Injectable()
export class Sealer implements OnModuleInit {
  private readonly logger = new Logger('Audit');
  private readonly pool: Run;
  /** The last link that was there for certain. */
  private seen: StoredHead | null = null;
  private isStuck = false;
  private anchored = '';
  private readonly told = new Set<string>();

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

  /**
   * Writes down where the chain ends when it has moved, outside of the database: `verify` shows with it that nothing was
   * cut off since.
   */
  async anchor(): Promise<void> {
    const head = await loadChainHead(this.pool);
    if (!(await this.goesOn(this.pool, head)) || head === null) return;
    this.seen = head;
    const text = headText({ seq: head.seq, hash: head.hash.toString('hex') });
    if (text !== this.anchored) this.logger.log(`The audit chain ends at ${text}.`);
    this.anchored = text;
  }

  /**
   * Seals what waits behind that id; answers the last one when there may be more. What was taken out before it is not gone
   * over again, and what was committed there meanwhile has its turn a second later.
   */
  private async sealBatch(after: string): Promise<string | null> {
    const sealed = await this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      if (!(await tryToSeal(run))) return null;
      const head = await loadChainHead(run);
      if (!(await this.goesOn(run, head))) return null;
      const waiting = await loadUnsealed(run, after);
      const now = this.clock.now();
      const events = this.authentic(
        head,
        waiting.filter(({ isSealed }) => !isSealed).map(({ event }) => event),
      );
      const links = this.chain(head, events, inMicroseconds(now));
      await appendLinks(run, links, now);
      const again = waiting.filter(({ isSealed }) => isSealed).map(({ event }) => event);
      await dropUnsealed(
        run,
        [...events, ...again].map(({ id }) => id),
      );
      const next = waiting.length === SEALED_AT_ONCE ? (waiting.at(-1)?.event.id ?? null) : null;
      return { next, head: await loadChainHead(run) };
    });
    // Only what is committed was there for certain.
    this.seen = sealed?.head ?? this.seen;
    return sealed?.next ?? null;
  }

  /** Whether the chain still holds what this process saw of it. That it does not is said once. */
  private async goesOn(run: Run, head: StoredHead | null): Promise<boolean> {
    const { seen } = this;
    const holds =
      seen === null || (head !== null && head.seq >= seen.seq && (await this.isAsSeen(run, seen)));
    if (!holds && !this.isStuck) {
      this.logger.error(
        `The audit chain no longer holds link ${seen.seq}, which it ended with: somebody has cut it off, or put an older database in its place. This node seals nothing until it is started anew.`,
      );
    }
    this.isStuck = !holds;
    return holds;
  }

  /** A link that is gone may have been pruned since, which only this service can have done. */
  private async isAsSeen(run: Run, seen: StoredHead): Promise<boolean> {
    if (await holdsLink(run, seen)) return true;
    const { before, isAuthentic } = await loadStart(run, this.pepper);
    if (!isAuthentic || before.seq < seen.seq) return false;
    return before.seq > seen.seq || before.hash === seen.hash.toString('hex');
  }

  /** Those that may be sealed. Of each of the others it is said once. */
  private authentic(head: StoredHead | null, events: readonly SealedEvent[]): SealedEvent[] {
    const judge = forgeryJudge(this.pepper, head);
    const [good, forged]: [SealedEvent[], SealedEvent[]] = [[], []];
    for (const event of events) (judge(event) === null ? good : forged).push(event);
    for (const { id } of forged) {
      if (this.told.has(id) || this.told.size >= MOST_TOLD) continue;
      this.told.add(id);
      this.logger.error(`The audit event ${id} was not written by this service, and is not sealed.`);
    }
    return good;
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
