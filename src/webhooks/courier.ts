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
import { leaveWebhook } from '../database/webhook-outbox.js';
import { afterTry } from '../domain/webhook-retries.js';
import { noteHealth } from './health.js';
import { Messages, type Message } from './message.js';
import { ANSWER_WITHIN_MS, Sender, type Sent } from './sender.js';

/** The work of a node: to send what is due to one receiver. */
export interface Errand {
  readonly webhookId: string;
  readonly isFailing: boolean;
  /** Until when the subscription counts as served: ISO 8601, since the queue keeps JSON. */
  readonly servedUntil: string;
}

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

/** Sends what is due to a receiver, a few at a time, until nothing is due, its turn is over or it fails. */
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

  async run({ webhookId, isFailing, servedUntil }: Errand): Promise<void> {
    const turn = { endsAt: performance.now() + TURN_MS, hasFailed: false };
    try {
      const lanes = Array.from({ length: isFailing ? 1 : LANES }, () => this.lane(webhookId, turn));
      await Promise.all(lanes);
    } finally {
      await leaveWebhook(this.pool, webhookId, new Date(servedUntil));
    }
  }

  private async lane(
    webhookId: string,
    turn: { readonly endsAt: number; hasFailed: boolean },
  ): Promise<void> {
    while (!this.isStopping && !turn.hasFailed && performance.now() < turn.endsAt) {
      const now = this.clock.now();
      const until = new Date(now.getTime() + TAKEN_FOR_MS);
      const delivery = await takeDelivery(this.pool, webhookId, { now, until });
      if (delivery === null) return;
      const sent = await this.attempt(this.messages.write(delivery, now));
      if (sent.outcome !== 'accepted') turn.hasFailed = true;
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
      await noteHealth(manager, delivery, outcome, now);
      await addAttempt(run, delivery.id, { id: uuidv7(), attemptedAt, durationMs, statusCode, error });
      await settle(run, delivery, {
        status: after.status,
        nextAttemptAt: after.status === 'pending' ? after.nextAttemptAt : null,
        completedAt: after.status === 'pending' ? null : now,
      });
    });
  }
}
