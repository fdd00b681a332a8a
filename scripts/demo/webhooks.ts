import { setTimeout as sleep } from 'node:timers/promises';
import { Receiver } from './receiver.ts';
import type { Stage } from './stage.ts';

interface Delivery {
  readonly status: string;
  readonly attempt_count: number;
}

const FAILURES = 2;
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 200;

export interface Subscription {
  readonly id: string;
  readonly receiver: Receiver;
}

/** A receiver on this machine that hears of every license from now on. */
export async function subscribe(
  { report, client }: Stage,
  atEnd: (stop: () => Promise<void>) => void,
): Promise<Subscription> {
  report.step('A receiver of webhooks wants to hear of licenses');
  const receiver = new Receiver({ failures: FAILURES });
  const url = await receiver.listen();
  atEnd(() => receiver.close());
  const { id, secret } = await client.admin<{ id: string; secret: string }>('POST', '/webhooks', 201, {
    url,
    events: ['license.*'],
  });
  receiver.secret = secret;
  report.check('its secret is shown once', secret.startsWith('whsec_'));
  return { id, receiver };
}

/** The newest delivery once it is settled: the receiver knows a moment before the service has written it down. */
async function recorded({ client }: Pick<Stage, 'client'>, id: string): Promise<Delivery | undefined> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const [delivery] = await client.admin<Delivery[]>('GET', `/webhooks/${id}/deliveries`, 200);
    if (delivery?.status !== 'pending' || performance.now() > until) return delivery;
    await sleep(LOOK_EVERY_MS);
  }
}

/** Waits for the event that fell on a receiver out of order, and takes the subscription back. */
export async function hearOf(
  { report, client }: Stage,
  { id, receiver }: Subscription,
  licenseId: string,
): Promise<void> {
  report.step(`The receiver hears of the sale, though it failed ${FAILURES} times first`);
  const heard = await receiver.accepted('license.created', PATIENCE_MS);
  report.check('license.created has arrived, signed', heard);
  const tries = receiver.received.filter(({ type }) => type === 'license.created');
  for (const { id: eventId, answered } of tries) report.note(`${eventId} was answered ${answered}`);
  report.check('each try bore the same id', new Set(tries.map((each) => each.id)).size, 1);
  report.check(
    'and the last one was accepted',
    tries.map(({ answered }) => answered),
    [500, 500, 200],
  );
  report.check('it tells of the license that was sold', tries[0]?.subject, licenseId);
  const delivery = await recorded({ client }, id);
  report.check(
    'the log of deliveries says so too',
    [delivery?.status, delivery?.attempt_count],
    ['delivered', FAILURES + 1],
  );
  await client.admin('DELETE', `/webhooks/${id}`, 200);
}
