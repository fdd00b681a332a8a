import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock.js';
import { CONFIG, type Config } from '../../config.js';
import { loadChainHead, loadLinks, LINKS_AT_ONCE, type LinkFacts } from '../../database/audit-chain.js';
import { pruneThrough, tryToPrune } from '../../database/audit-pruning.js';
import { recordAudit } from '../../database/audit.js';
import { inTransaction } from '../../database/statements.js';
import { SYSTEM } from '../../domain/actor.js';
import { judgeLink, type JudgedLink } from '../../domain/audit-chain.js';
import { inMicroseconds } from '../../domain/audit-event-text.js';
import { JobQueue } from '../../jobs/job-queue.js';
import { anchorMac } from '../../signing/audit-seal.js';
import { Pepper } from '../../signing/data-keys.js';
import { loadStart, recompute } from './links.js';

const DAY_MS = 86_400_000;

/**
 * Takes from the beginning of the audit log what is older than the operator wants to keep, and writes down what the chain goes
 * on from. Only what is sealed, and holds: an event that was tampered with stays where `verify` names it, and so does all
 * that comes after it.
 */
@Injectable()
export class Pruner implements OnModuleInit {
  private readonly logger = new Logger('Audit');

  constructor(
    private readonly dataSource: DataSource,
    private readonly pepper: Pepper,
    private readonly clock: Clock,
    private readonly jobs: JobQueue,
    @Inject(CONFIG) private readonly config: Pick<Config, 'AUDIT_RETENTION_DAYS'>,
  ) {}

  onModuleInit(): void {
    this.jobs.define({
      name: 'audit-retention',
      cron: '40 3 * * *',
      run: (_, stopping) => this.prune(stopping),
    });
  }

  async prune(stopping?: AbortSignal): Promise<void> {
    const days = this.config.AUDIT_RETENTION_DAYS;
    if (days === 0) return;
    const now = this.clock.now();
    const cutoff = new Date(now.getTime() - days * DAY_MS);
    // Each batch tells of itself in its own transaction: one event in the place of five hundred.
    for (;;) {
      if (stopping?.aborted || !(await this.pruneSome(now, cutoff))) return;
    }
  }

  /** One batch, with what the chain goes on from and what tells of it, in one transaction. Whether there may be more. */
  private pruneSome(now: Date, cutoff: Date): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      if (!(await tryToPrune(run))) return false;
      const { before, stored, isAuthentic } = await loadStart(run, this.pepper);
      if (!isAuthentic) return this.refuse(stored?.seq ?? 0);
      const head = await loadChainHead(run);
      const links = await loadLinks(run, before.seq);
      const old = oldOnes(links, head?.seq ?? 0, inMicroseconds(cutoff));
      const last = this.lastThatHolds(before, old);
      if (last === null) return false;
      const prunedAt = inMicroseconds(now);
      const anchor = { seq: last.seq, hash: Buffer.from(last.hash, 'hex'), prunedAt };
      await pruneThrough(
        run,
        { ...anchor, mac: anchorMac(this.pepper, anchor) },
        old.map(({ eventId }) => eventId),
      );
      await recordAudit(manager, SYSTEM, now, {
        action: 'audit.pruned',
        subjectType: 'audit',
        subjectId: null,
        details: { from: before.seq + 1, through: last.seq, sealed_before: cutoff },
      });
      return old.length === LINKS_AT_ONCE;
    });
  }

  /** The last of them when all of them are what was sealed; null for none, and when something is wrong with one of them. */
  private lastThatHolds(before: JudgedLink, links: readonly LinkFacts[]): JudgedLink | null {
    let last = before;
    for (const facts of links) {
      const { problems, judged } = judgeLink(last, recompute(this.pepper, facts));
      if (problems.length > 0) {
        this.refuse(facts.seq);
        return null;
      }
      last = judged;
    }
    return last === before ? null : last;
  }

  private refuse(seq: number): false {
    this.logger.error(
      `The audit log does not hold at link ${seq}. Nothing is pruned until it does: verify it, and keep what it names.`,
    );
    return false;
  }
}

/** Those that were sealed before the cutoff, from the first on. The last link of all stays: the next one is chained to it. */
function oldOnes(links: readonly LinkFacts[], head: number, cutoff: string): readonly LinkFacts[] {
  const young = links.findIndex(({ seq, sealedAt }) => seq >= head || sealedAt >= cutoff);
  return young === -1 ? links : links.slice(0, young);
}
