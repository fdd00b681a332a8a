import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { patientTwin } from './data-source.js';
import { inTransaction, type Run } from './statements.js';

type Isolation = 'READ COMMITTED' | 'REPEATABLE READ';

/** A transaction that takes its time. Whoever began it must end it. */
export interface PatientTransaction {
  readonly manager: EntityManager;
  readonly client: PoolClient;
  readonly run: Run;
  commit(): Promise<void>;
  /** Gives the connection back; what was not committed is undone. */
  end(): Promise<void>;
}

/** A client of a pool has no type for it: it is given back, and not ended. */
const cutOff = (client: PoolClient): Promise<void> => (client as unknown as { end(): Promise<void> }).end();

/** An import, the exports of this node, the count of licenses and seats, and one to spare. */
const CONNECTIONS = 5;

/**
 * Transactions on whole tables, on connections of their own: they have no time limit, and however long they take, no
 * request waits for the connection that they hold.
 */
@Injectable()
export class PatientDatabase implements OnApplicationShutdown {
  private readonly open = new Set<PoolClient>();
  private pool: Promise<DataSource> | null = null;

  constructor(private readonly dataSource: DataSource) {}

  /** Once `stopping` is aborted the connection is cut, whatever runs on it: for work that is done again another time. */
  async begin(isolation: Isolation, stopping?: AbortSignal): Promise<PatientTransaction> {
    const runner = (await this.connected()).createQueryRunner();
    try {
      await runner.startTransaction(isolation);
      const { manager } = runner;
      const client = (await runner.connect()) as PoolClient;
      this.open.add(client);
      const cut = () => void cutOff(client);
      stopping?.addEventListener('abort', cut);
      if (stopping?.aborted) cut();
      return {
        manager,
        client,
        run: await inTransaction(manager),
        commit: () => runner.commitTransaction(),
        end: async () => {
          this.open.delete(client);
          stopping?.removeEventListener('abort', cut);
          try {
            if (runner.isTransactionActive) await runner.rollbackTransaction();
          } finally {
            await runner.release();
          }
        },
      };
    } catch (error) {
      await runner.release();
      throw error;
    }
  }

  /** By now the drain is over: who is still at work is cut off, and what it did is undone. */
  async onApplicationShutdown(): Promise<void> {
    for (const client of this.open) await cutOff(client);
    const pool = await this.pool?.catch(() => null);
    await pool?.destroy();
  }

  /** At the first need: with several nodes most never have it. */
  private connected(): Promise<DataSource> {
    this.pool ??= patientTwin(this.dataSource, CONNECTIONS)
      .initialize()
      .catch((error: unknown) => {
        this.pool = null;
        throw error;
      });
    return this.pool;
  }
}
