import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import { inTransaction, onPool, type Run } from '../database/statements.js';
import {
  addAttempt,
  giveBack,
  settle,
  takeDelivery,
  type TakenDelivery,
} from '../database/webhook-deliveries.js';
import { leaveWebhook, serveWebhook } from '../database/webhook-outbox.js';
import { afterTry, isSlowAnswer } from '../domain/webhook-retries.js';
import { noteHealth } from './health.js';
import { Messages, type Message } from './message.js';
import { ANSWER_WITHIN_MS, Sender, type Sent } from './sender.js';

/** The work of a node: to send what is due to one receiver. */
export interface Errand {
  readonly webhookId: string;
}

/** A turn, its last attempt and the wait for it; a node that says nothing for longer is dead. */
export const SERVED_FOR_MS = 30_000;

/** An attempt that says nothing for longer died with its node. */
export const TAKEN_FOR_MS = ANSWER_WITHIN_MS + 5_000;

/** The sender ends an attempt in time; should it ever not, the attempt is given up, or a worker of the queue were lost with it. */
const GIVEN_UP_AFTER_MS = ANSWER_WITHIN_MS + 2_000;

/** After so long the next receiver has its turn, and this one goes to the end of the queue. */
const TURN_MS = 10_000;

/** So many at a time to one receiver. One that fails is asked once, until it accepts again. */
const LANES = 4;

/** A stopping node lets attempts finish for so long; later they are another node's. */
const LAST_ANSWERS_MS = 3_000;

/** Sends what is due to a receiver, a few at a time, until nothing is due, its turn is over, it fails or takes long. */
@Injectable()
export class Courier implements OnModuleDestroy {
  private readonly pool: Run;
  private readonly stop = new AbortController();
  private isStopping = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly messages: Messages,
    private readonly sender: Sender,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  onModuleDestroy(): void {
    this.isStopping = true;
    setTimeout(() => this.stop.abort(), LAST_ANSWERS_MS).unref();
  }

  async run({ webhookId }: Errand): Promise<void> {
    // By its own time: it may have waited in the queue for longer than it was handed in for.
    const until = new Date(this.clock.now().getTime() + SERVED_FOR_MS);
    const receiver = await serveWebhook(this.pool, webhookId, until);
    if (receiver === null) return;
    const turn = { endsAt: performance.now() + TURN_MS, isOver: false };
    try {
      const lanes = Array.from({ length: receiver.isFailing ? 1 : LANES }, () => this.lane(webhookId, turn));
      await Promise.all(lanes);
    } finally {
      await leaveWebhook(this.pool, webhookId, until);
    }
  }

  private async lane(webhookId: string, turn: { readonly endsAt: number; isOver: boolean }): Promise<void> {
    while (!this.isStopping && !turn.isOver && performance.now() < turn.endsAt) {
      const now = this.clock.now();
      const until = new Date(now.getTime() + TAKEN_FOR_MS);
      const delivery = await takeDelivery(this.pool, webhookId, { now, until });
      if (delivery === null) return;
      const sent = await this.attempt(this.messages.write(delivery, now));
      if (sent.outcome !== 'accepted' || isSlowAnswer(sent.durationMs)) turn.isOver = true;
      await this.record(delivery, sent, now);
    }
  }

  private async attempt(message: Message): Promise<Sent> {
    const over = new AbortController();
    const givenUp: Sent = {
      outcome: 'refused',
      statusCode: null,
      error: 'The request failed.',
      durationMs: GIVEN_UP_AFTER_MS,
    };
    try {
      return await Promise.race([
        this.sender.send(message, this.stop.signal),
        sleep(GIVEN_UP_AFTER_MS, givenUp, { signal: over.signal }),
      ]);
    } finally {
      over.abort();
    }
  }

  private async record(delivery: TakenDelivery, sent: Sent, attemptedAt: Date): Promise<void> {
    const { outcome, statusCode, error, durationMs } = sent;
    if (outcome === 'broken off') return giveBack(this.pool, delivery);
    const now = this.clock.now();
    const after = afterTry(outcome, { tries: delivery.tries + 1, now, draw: Math.random() });
    await this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      // The subscription before its delivery, as a deletion locks them.
      await noteHealth(manager, delivery, { outcome, durationMs }, now);
      await addAttempt(run, delivery.id, { id: uuidv7(), attemptedAt, durationMs, statusCode, error });
      await settle(run, delivery, {
        status: after.status,
        nextAttemptAt: after.status === 'pending' ? after.nextAttemptAt : null,
        completedAt: after.status === 'pending' ? null : now,
      });
    });
  }
}
