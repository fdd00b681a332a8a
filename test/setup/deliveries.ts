import { setTimeout as sleep } from 'node:timers/promises';
import type { TestApp } from './app.js';

export const subscribe = (app: TestApp, url: string, events: string[], more: object = {}): Promise<any> =>
  app.must('POST', '/webhooks', { url, events, ...more });

/** The delivery of an event with its attempts, as soon as it fits: its row is written after the receiver's answer. */
export async function deliveryOf(
  app: TestApp,
  webhookId: string,
  eventId: string,
  fits: (delivery: any) => boolean,
): Promise<any> {
  for (;;) {
    const { body } = await app.admin('GET', `/webhooks/${webhookId}/deliveries?event_id=${eventId}`);
    const [delivery] = body.data;
    if (delivery !== undefined && fits(delivery)) {
      return app.must('GET', `/webhooks/${webhookId}/deliveries/${delivery.id}`);
    }
    await sleep(50);
  }
}

export const withStatus =
  (status: string) =>
  (delivery: any): boolean =>
    delivery.status === status;

export const withAttempts =
  (count: number) =>
  (delivery: any): boolean =>
    delivery.attempt_count >= count;
