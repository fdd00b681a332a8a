import type { PoolClient } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { StartupError } from '../startup-error.js';
import { createDataSource, poolOf } from './data-source.js';
import type { ListManager } from './list.js';
import { ForeignReplica, markPosition, waitFor, type Position } from './replica-check.js';
import { listsOn, onPool, type ListRun } from './statements.js';
import { joinedClient } from './unit-of-work.js';

/** All connections to the replica are at lists. Those who wait for one are what the primary is spared. */
class ReplicaBusy extends Error {
  constructor(cause: unknown) {
    super('All connections to the read replica are in use', { cause });
  }
}

/** What lists are read from: enough for them, and by its types for nothing else. */
export interface ListSource {
  readonly manager: ListManager;
  readonly run: ListRun;
}

type Work<T> = (source: ListSource) => Promise<T>;

interface ReplicaOptions {
  /** Null: there is none, and the primary is read. */
  readonly url: string | null;
  readonly poolSize: number;
  readonly log: { log(message: string): void; warn(message: string): void };
}

const CONNECTS_WITHIN_MS = 2_000;
const TRIED_AGAIN_AFTER_MS = 1_000;

/** A statement that was too slow here would be as slow there, and it is what the primary is spared. */
const STATEMENT_TIMED_OUT = '57014';

/** The driver's own words hold no password; a refused connection to a name with two addresses has but a code. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { readonly message?: string; readonly code?: string };
  return message?.split('\n')[0] || (code ?? 'unknown');
}

/**
 * The way to lists and figures: from a replica where there is one, so that a long one takes nothing from the panels. A list
 * shows all that was committed anywhere before it was asked for, or it is read from the primary. So does a list whose replica
 * fails: it never fails a request.
 */
export class ReadReplica {
  private readonly replica: DataSource | null;
  private isRead = false;
  private retry: NodeJS.Timeout | undefined;
  private look: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly primary: DataSource,
    private readonly options: ReplicaOptions,
  ) {
    const { url, poolSize } = options;
    this.replica =
      url === null ? null : createDataSource({ url, poolSize, connectWithinMs: CONNECTS_WITHIN_MS });
  }

  /** For what serves no requests. */
  static absent(primary: DataSource): ReadReplica {
    return new ReadReplica(primary, { url: null, poolSize: 1, log: console });
  }

  /** @throws StartupError for the replica of another database; one that is away is warned of and tried again */
  async start(): Promise<void> {
    if (this.replica === null) return;
    const failure = await this.failureOf(this.replica);
    if (failure instanceof ForeignReplica)
      throw new StartupError('DATABASE_REPLICA_URL names a replica of another database than DATABASE_URL.');
    if (failure === null) this.isRead = true;
    else this.passOver(this.replica, reasonOf(failure));
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.retry);
    await this.look;
    if (this.replica?.isInitialized) await this.replica.destroy();
  }

  /** `work` only reads, for where the replica fails it is done once more. In a unit of work it sees what that has written. */
  async read<T>(work: Work<T>): Promise<T> {
    if (this.replica === null || !this.isRead || joinedClient() !== null) {
      return work(this.ownSource());
    }
    const position = await markPosition(poolOf(this.primary));
    try {
      return await this.onReplica(this.replica, position, work);
    } catch (error) {
      if (error instanceof ReplicaBusy || (error as { code?: unknown }).code === STATEMENT_TIMED_OUT)
        throw error;
      const answer = await work(this.ownSource());
      // What fails there as well is not the replica's doing, and has been thrown by now.
      if (this.isRead) this.passOver(this.replica, reasonOf(error));
      return answer;
    }
  }

  private ownSource(): ListSource {
    return { manager: this.primary.manager, run: onPool(poolOf(this.primary)) };
  }

  /** On one connection, for behind one name there may be several replicas, each as far as it is. */
  private async onReplica<T>(replica: DataSource, position: Position, work: Work<T>): Promise<T> {
    const runner = replica.createQueryRunner();
    try {
      const client = await this.connected(replica, runner);
      await waitFor(client, position);
      return await work({ manager: runner.manager, run: listsOn(client) });
    } finally {
      await runner.release();
    }
  }

  private async connected(replica: DataSource, runner: QueryRunner): Promise<PoolClient> {
    try {
      return (await runner.connect()) as PoolClient;
    } catch (error) {
      const { totalCount, idleCount } = poolOf(replica);
      throw totalCount - idleCount >= this.options.poolSize ? new ReplicaBusy(error) : error;
    }
  }

  private async failureOf(replica: DataSource): Promise<unknown> {
    try {
      if (!replica.isInitialized) await replica.initialize();
      await this.onReplica(replica, await markPosition(poolOf(this.primary)), async () => undefined);
      return null;
    } catch (error) {
      return error;
    }
  }

  /** From now on no list waits for it; it is looked at every second until it can be read again. */
  private passOver(replica: DataSource, reason: string): void {
    this.isRead = false;
    this.options.log.warn(
      `The read replica is passed over (${reason}): lists and stats are read from the primary.`,
    );
    this.lookLater(replica);
  }

  private lookLater(replica: DataSource): void {
    if (this.isStopped) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      this.look = this.lookAgain(replica);
    }, TRIED_AGAIN_AFTER_MS).unref();
  }

  private async lookAgain(replica: DataSource): Promise<void> {
    const failure = await this.failureOf(replica);
    if (failure !== null) return this.lookLater(replica);
    this.isRead = true;
    this.options.log.log('The read replica is back: lists and stats are read from it again.');
  }
}
