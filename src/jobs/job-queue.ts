import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { PgBoss, type Db } from 'pg-boss';
import type { EntityManager } from 'typeorm';
import { DataSource } from 'typeorm';
import { poolOf } from '../database/data-source.js';

/** Work that some node of the cluster does. */
export interface JobKind<Data extends object = object> {
  /** The name of its queue. */
  readonly name: string;
  /**
   * Throwing has it tried again, by `retryLimit` and `retryDelay`. It may run twice: a node can die behind its work. What
   * takes long ends when the service stops.
   */
  readonly run: (data: Data, stopping: AbortSignal) => Promise<void>;
  /** How many this node does at a time; 1 unless told. */
  readonly concurrency?: number;
  /** Tries after the first one; 2 unless told. */
  readonly retryLimit?: number;
  /** Seconds between tries, growing; 5 unless told. */
  readonly retryDelay?: number;
  /** Seconds after which a node that says nothing counts as dead, and the work is given to another; 900 unless told. */
  readonly expireInSeconds?: number;
  /** Seconds between looks for new work that nobody woke this node for; 30 unless told. */
  readonly pollingIntervalSeconds?: number;
  /** In UTC. The work is then begun by the clock as well, once in the cluster, however many nodes there are. */
  readonly cron?: string;
}

const SCHEMA = 'pgboss';

/** A drain has six seconds in all: work that takes longer is given to another node. */
const STOP_TIMEOUT_MS = 4_000;

/** A second is nothing to what the clock begins: each look is a transaction, on every node, all day. */
const POLLING_SECONDS = 30;

const DAY_SECONDS = 86_400;

/** Work kept in the database: whatever was accepted is done, by whichever node, also after a crash. */
@Injectable()
export class JobQueue implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly kinds: JobKind[] = [];
  private readonly boss: PgBoss;
  /** The workers of this node that have nothing to do, by the name of their queue. */
  private readonly idle = new Map<string, Set<string>>();
  private readonly stopping = new AbortController();
  private isStarted = false;

  constructor(dataSource: DataSource) {
    const pool = poolOf(dataSource);
    this.boss = new PgBoss({
      db: { executeSql: (text, values) => pool.query(text, values) },
      schema: SCHEMA,
      // Dates of the service come from its own clock; that of the database is only a few milliseconds off.
      clockMonitorIntervalSeconds: 600,
      cronWorkerIntervalSeconds: POLLING_SECONDS,
    });
    this.boss.on('error', (error) => this.logger.warn({ err: error }, 'The job queue met an error'));
    this.boss.on('warning', ({ message }) => this.logger.warn(`The job queue warns: ${message}`));
  }

  /** Declares a kind of work. Call it while the module starts, before the application does. */
  define<Data extends object>(kind: JobKind<Data>): void {
    if (this.isStarted) throw new Error(`The job ${kind.name} is defined too late`);
    this.kinds.push(kind as unknown as JobKind);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.isStarted = true;
    await this.boss.start();
    for (const kind of this.kinds) await this.begin(kind);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.boss.stop({ graceful: true, timeout: STOP_TIMEOUT_MS });
  }

  /** Hands in work, with the transaction of `manager`: without its commit there is none. */
  async send(
    manager: EntityManager,
    name: string,
    jobs: readonly { readonly data: object; readonly singletonKey?: string }[],
  ): Promise<void> {
    if (jobs.length === 0) return;
    await this.boss.insert(
      name,
      jobs.map(({ data, singletonKey }) => ({ data, ...(singletonKey !== undefined && { singletonKey }) })),
      { db: within(manager) },
    );
  }

  /**
   * Has workers of this node look for work at once, as many as there is work. To be called after the commit of a `send`;
   * where all of them are at something, another node finds it when it looks.
   */
  wake(name: string, count: number): void {
    for (const id of [...(this.idle.get(name) ?? [])].slice(0, count)) this.boss.notifyWorker(id);
  }

  private async begin({ name, run, cron, concurrency = 1, ...kind }: JobKind): Promise<void> {
    await this.boss.createQueue(name, {
      // At most one waits under a singleton key, so that two nodes can hand in the same work.
      policy: 'short',
    });
    await this.boss.updateQueue(name, {
      retryLimit: kind.retryLimit ?? 2,
      retryDelay: kind.retryDelay ?? 5,
      retryBackoff: true,
      expireInSeconds: kind.expireInSeconds ?? 900,
      deleteAfterSeconds: DAY_SECONDS,
    });
    this.idle.set(name, new Set());
    for (let worker = 0; worker < concurrency; worker++)
      await this.employ(name, run, kind.pollingIntervalSeconds ?? POLLING_SECONDS);
    if (cron === undefined) await this.boss.unschedule(name);
    else await this.boss.schedule(name, cron, {}, { missed: 'once' });
  }

  /** A worker of its own for each piece at a time: it can be woken alone, and looks for the next piece as soon as it is done. */
  private async employ(name: string, run: JobKind['run'], pollingIntervalSeconds: number): Promise<void> {
    const idle = this.idle.get(name);
    let id = '';
    id = await this.boss.work<object>(name, { pollingIntervalSeconds }, async (jobs) => {
      idle?.delete(id);
      try {
        for (const { data } of jobs) await this.attempt(name, run, data);
      } finally {
        idle?.add(id);
        this.boss.notifyWorker(id);
      }
    });
    idle?.add(id);
  }

  private async attempt(name: string, run: JobKind['run'], data: object): Promise<void> {
    try {
      await run(data, this.stopping.signal);
    } catch (error) {
      this.logger.error({ err: error, job: name }, 'A job failed');
      throw error;
    }
  }
}

/** Statements of the queue on the connection of a transaction. */
const within = (manager: EntityManager): Db => ({
  async executeSql(text: string, values?: unknown[]) {
    if (!manager.queryRunner?.isTransactionActive) throw new Error('No transaction is open');
    return { rows: (await manager.queryRunner.query(text, values, true)).records };
  },
});
