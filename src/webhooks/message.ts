import { Injectable } from '@nestjs/common';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import type { TakenDelivery } from '../database/webhook-deliveries.js';
import { Vault } from '../signing/vault.js';

/** What is sent of a delivery. */
export interface Message {
  readonly url: URL;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The body of an event: the same bytes at every try, for it is told as it was when it happened. */
export const payloadOf = ({ event }: Pick<TakenDelivery, 'event'>) => ({
  type: event.type,
  timestamp: event.occurredAt.toISOString(),
  data: event.data,
});

const wholeSeconds = (time: Date) => String(Math.floor(time.getTime() / 1_000));

/** Writes deliveries the way https://www.standardwebhooks.com has them, signed with the secrets of the subscription. */
@Injectable()
export class Messages {
  constructor(private readonly vault: Vault) {}

  write(delivery: TakenDelivery, now: Date): Message {
    const body = JSON.stringify(payloadOf(delivery));
    const signatures = this.secretsOf(delivery, now).map((secret) =>
      new StandardWebhook(secret, { format: 'raw' }).sign(delivery.event.id, now, body),
    );
    return {
      url: new URL(delivery.url),
      body,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(Buffer.byteLength(body)),
        'user-agent': 'Mooring-Webhooks/1',
        // The event's id, the same at every try: by it a receiver knows what it has had before.
        'webhook-id': delivery.event.id,
        'webhook-timestamp': wholeSeconds(now),
        'webhook-signature': signatures.join(' '),
      },
    };
  }

  /** Two while a rotation overlaps: a receiver may know the one or the other. */
  private secretsOf(delivery: TakenDelivery, now: Date): Uint8Array[] {
    const { webhookId, sealedSecret, sealedPreviousSecret, previousSecretUntil } = delivery;
    const isOverlapping = previousSecretUntil !== null && now < previousSecretUntil;
    const sealed =
      isOverlapping && sealedPreviousSecret !== null ? [sealedSecret, sealedPreviousSecret] : [sealedSecret];
    return sealed.map((each) => this.vault.open('webhook-secret', webhookId, each));
  }
}
