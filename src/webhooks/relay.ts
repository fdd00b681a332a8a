import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock.js';
import { inTransaction } from '../database/statements.js';
import {
  addDeliveries,
  loadListeners,
  markDispatched,
  takeUndispatched,
  takeUnserved,
  type UnservedWebhook,
} from '../database/webhook-outbox.js';
import { hears } from '../domain/event-types.js';
import { JobQueue } from '../jobs/job-queue.js';
import { Ticker } from '../jobs/ticker.js';
import { Courier, SERVED_FOR_MS, type Errand } from './courier.js';

/** So many events become deliveries in one transaction. */
const BATCH = 500;

/** Seconds after which the queue gives an errand up; by then another one is on its way. */
const ERRAND_EXPIRES_SECONDS = 60;

/** Receivers that fail or take long have a queue of their own: however many they are, and however slowly, no other waits behind them. */
const QUEUES = {
  prompt: { name: 'webhook-delivery', concurrency: 8, pollingIntervalSeconds: 5 },
  tardy: { name: 'webhook-retry', concurrency: 4, pollingIntervalSeconds: 10 },
} as const;

/**
 * From the outbox to the receivers. Every second each node makes deliveries of new events and hands in an errand for each
 * subscription that has something due and is served by nobody. What is due is told by the rows alone: an errand that is
 * lost is handed in again.
 */
@Injectable()
export class Relay implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly jobs: JobQueue,
    private readonly ticker: Ticker,
    private readonly courier: Courier,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    for (const queue of Object.values(QUEUES)) {
      this.jobs.define<Errand>({
        ...queue,
        run: (errand) => this.courier.run(errand),
        retryLimit: 0,
        expireInSeconds: ERRAND_EXPIRES_SECONDS,
      });
    }
    this.ticker.every({ name: 'webhooks', run: () => this.tick() });
  }

  private async tick(): Promise<void> {
    while ((await this.dispatch()) === BATCH);
    const handedOut = await this.dataSource.transaction((manager) => this.handOut(manager));
    // Only now: before the commit there is nothing to be found.
    for (const { name, errands } of handedOut) this.jobs.wake(name, errands.length);
  }

  /** Makes deliveries of events that have none yet; answers how many events there were. */
  private dispatch(): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      const events = await takeUndispatched(run, BATCH);
      if (events.length === 0) return 0;
      const now = this.clock.now();
      const listeners = await loadListeners(run);
      const made = events.flatMap((event) =>
        listeners
          .filter((listener) => hears(listener.events, event.type))
          .map((listener) => ({ id: uuidv7(), eventId: event.id, webhookId: listener.id })),
      );
      await addDeliveries(run, made, now);
      const ids = events.map(({ id }) => id);
      await markDispatched(run, ids, now);
      return events.length;
    });
  }

  private async handOut(manager: EntityManager) {
    const now = this.clock.now();
    const servedUntil = new Date(now.getTime() + SERVED_FOR_MS);
    const unserved = await takeUnserved(await inTransaction(manager), now, servedUntil);
    const handedOut = (['prompt', 'tardy'] as const).map((kind) => ({
      name: QUEUES[kind].name,
      errands: unserved.filter(({ isTardy }) => isTardy === (kind === 'tardy')).map(errandFor),
    }));
    for (const { name, errands } of handedOut) await this.jobs.send(manager, name, errands);
    return handedOut;
  }
}

const errandFor = ({ id }: UnservedWebhook) => ({
  data: { webhookId: id } satisfies Errand,
  singletonKey: id,
});
