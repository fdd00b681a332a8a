import { Courier } from '../../src/webhooks/courier.js';
import { startApp, type TestApp } from '../setup/app.js';
import { SettableClock } from '../setup/clock.js';
import { deliveryOf, subscribe, withAttempts, withStatus } from '../setup/deliveries.js';
import { answer, Receiver, silence, verify, type Received } from '../setup/receiver.js';

let app: TestApp;
const receivers: Receiver[] = [];

// Receivers compare the time of a message with their own.
beforeAll(async () => {
  app = await startApp({
    clock: new SettableClock(new Date()),
    settings: { WEBHOOKS_ALLOW_PRIVATE: 'true' },
  });
});
afterAll(async () => {
  await app.stop();
  await Promise.all(receivers.map((each) => each.stop()));
});

async function receiver(): Promise<Receiver> {
  const started = await Receiver.start();
  receivers.push(started);
  return started;
}

const forLicense =
  (id: string, type?: string) =>
  ({ body }: Received): boolean =>
    body.data.id === id && (type === undefined || body.type === type);

const auditOf = (id: string) =>
  app.sql('select action, details from audit_events where subject_id = $1 order by id', [id]);

describe('a receiver', () => {
  it('that fails twice is told again under one id, with signatures that verify', async () => {
    const billing = await receiver();
    const answers = [answer(500), answer(302, { location: billing.url }), answer(200)];
    billing.behaviour = (received, response) => answers.shift()?.(received, response);
    const webhook = await subscribe(app, billing.url, ['license.suspended']);
    const { license } = await app.sell();
    await app.must('POST', `/licenses/${license.id}/suspend`, { reason: 'unpaid' });

    const [begun] = (await billing.until(1)) as [Received];
    for (const attempts of [1, 2]) {
      await deliveryOf(app, webhook.id, begun.id, withAttempts(attempts));
      app.clock.advance({ seconds: 24 });
    }
    const received = await billing.until(3);

    const [first] = received;
    expect(new Set(received.map(({ id }) => id)).size).toBe(1);
    expect(new Set(received.map(({ raw }) => raw)).size).toBe(1);
    for (const each of received) expect(verify(webhook.secret, each)).toEqual(each.body);
    const suspended = await app.must('GET', `/licenses/${license.id}`);
    expect(first?.body).toEqual({
      type: 'license.suspended',
      timestamp: suspended.updated_at,
      data: suspended,
    });
    expect(first?.raw).not.toContain(license.key);
    expect(first?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Mooring-Webhooks/1',
    });

    const delivery = await deliveryOf(app, webhook.id, String(first?.id), withStatus('delivered'));
    expect(delivery).toMatchObject({
      event_id: first?.id,
      event_type: 'license.suspended',
      attempt_count: 3,
      next_attempt_at: null,
      payload: first?.body,
      attempts: [
        { status_code: 500, error: 'The receiver answered 500.' },
        { status_code: 302, error: 'The receiver answered 302; redirects are not followed.' },
        { status_code: 200, error: null },
      ],
    });
    expect(await app.must('GET', `/webhooks/${webhook.id}`)).toMatchObject({ failing_since: null });
  });

  it('can tell a message that was changed on its way', async () => {
    const billing = await receiver();
    const webhook = await subscribe(app, billing.url, ['license.suspended']);
    await app.must('POST', `/webhooks/${webhook.id}/test`);
    const [message] = (await billing.until(1)) as [Received];
    expect(verify(webhook.secret, message)).toEqual({
      type: 'ping',
      timestamp: app.clock.now().toISOString(),
      data: { webhook_id: webhook.id },
    });
    const changed = [
      { ...message, raw: message.raw.replace('ping', 'pong') },
      { ...message, headers: { ...message.headers, 'webhook-id': webhook.id } },
      {
        ...message,
        headers: {
          ...message.headers,
          'webhook-timestamp': String(Number(message.headers['webhook-timestamp']) + 1),
        },
      },
    ];
    for (const each of changed)
      expect(() => verify(webhook.secret, each)).toThrow('No matching signature found');
    const other = await subscribe(app, billing.url, ['*'], { enabled: false });
    expect(() => verify(other.secret, message)).toThrow('No matching signature found');
  });

  it('knows messages by the old secret and by the new one while a rotation overlaps', async () => {
    const billing = await receiver();
    const webhook = await subscribe(app, billing.url, ['ping']);
    const rotated = await app.must('POST', `/webhooks/${webhook.id}/rotate-secret`, { overlap_hours: 1 });
    const end = new Date(app.clock.now().getTime() + 3_600_000);
    expect(rotated.previous_secret_until).toBe(end.toISOString());
    expect(rotated.secret).not.toBe(webhook.secret);

    await app.must('POST', `/webhooks/${webhook.id}/test`);
    const [during] = (await billing.until(1)) as [Received];
    expect(during.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    verify(webhook.secret, during);
    verify(rotated.secret, during);

    await app.must('POST', `/webhooks/${webhook.id}/rotate-secret`, { overlap_hours: 0 });
    const last = await app.must('POST', `/webhooks/${webhook.id}/rotate-secret`);
    await app.must('POST', `/webhooks/${webhook.id}/test`);
    const after = (await billing.until(2))[1] as Received;
    for (const old of [webhook.secret, rotated.secret])
      expect(() => verify(old, after)).toThrow('No matching');
    verify(last.secret, after);

    expect((await auditOf(webhook.id)).map(({ action }: any) => action)).toEqual([
      'webhook.created',
      'webhook.secret_rotated',
      'webhook.tested',
      'webhook.secret_rotated',
      'webhook.secret_rotated',
      'webhook.tested',
    ]);
    const told = JSON.stringify(await auditOf(webhook.id));
    for (const { secret } of [webhook, rotated, last]) expect(told).not.toContain(secret.slice(6));
    expect(told).not.toContain('/hook');
  });

  it('is told of what it named alone', async () => {
    const [named, prefixed, all] = [await receiver(), await receiver(), await receiver()];
    await subscribe(app, named.url, ['license.revoked']);
    await subscribe(app, prefixed.url, ['license.*']);
    await subscribe(app, all.url, ['*']);
    await subscribe(app, all.url, ['*'], { enabled: false });
    const { license } = await app.sell();
    await app.must('POST', `/licenses/${license.id}/revoke`);
    const mine = forLicense(license.id);
    await named.until(1, mine);
    await prefixed.until(2, mine);
    await all.until(2, mine);
    expect(named.received.filter(mine).map(({ body }) => body.type)).toEqual(['license.revoked']);
    for (const each of [prefixed, all]) {
      expect(
        each.received
          .filter(mine)
          .map(({ body }) => body.type)
          .toSorted(),
      ).toEqual(['license.created', 'license.revoked']);
    }
  });

  it('that is asked for once more gets the same event under the same id', async () => {
    const billing = await receiver();
    const webhook = await subscribe(app, billing.url, ['license.created']);
    const { license } = await app.sell();
    const [first] = (await billing.until(1, forLicense(license.id))) as [Received];
    const delivery = await deliveryOf(app, webhook.id, first.id, withStatus('delivered'));
    const again = await app.must('POST', `/webhooks/${webhook.id}/deliveries/${delivery.id}/redeliver`);
    expect(again).toMatchObject({ id: delivery.id, status: 'pending', completed_at: null });
    const [, second] = (await billing.until(2, ({ id }) => id === first.id)) as [Received, Received];
    expect(second.raw).toBe(first.raw);
    expect((await deliveryOf(app, webhook.id, first.id, withStatus('delivered'))).attempt_count).toBe(2);
  });

  it('that is slow or dead holds up no other', async () => {
    const [dead, well] = [await receiver(), await receiver()];
    dead.behaviour = silence;
    // More of them than a node asks at a time, each known to fail.
    const stuck: any[] = [];
    for (let made = 0; made < 12; made++) stuck.push(await subscribe(app, dead.url, ['license.suspended']));
    const ids = stuck.map(({ id }) => id);
    await app.sql('update webhooks set failing_since = $2, failures = 1 where id = any($1)', [
      ids,
      app.clock.now(),
    ]);
    await subscribe(app, well.url, ['license.suspended']);
    const { license } = await app.sell();
    await app.must('POST', `/licenses/${license.id}/suspend`);
    const [told] = await well.until(1, forLicense(license.id));
    expect(told?.body.type).toBe('license.suspended');
    const open = await app.sql(
      'select id from webhook_deliveries where webhook_id = any($1) and completed_at is null',
      [ids],
    );
    expect(open).toHaveLength(12);
    for (const id of ids) await app.must('DELETE', `/webhooks/${id}`);
  });
});

/** The queues that the errands of a subscription went to, the first one first. */
const queuesOf = async (webhookId: string) =>
  (
    await app.sql('select name from pgboss.job where singleton_key = $1 order by created_on, name', [
      webhookId,
    ])
  ).map(({ name }) => name);

describe('a receiver that accepts, but slowly', () => {
  it('has short turns behind the prompt ones, until it is prompt again', async () => {
    const slow = await receiver();
    slow.behaviour = (_, response) => void setTimeout(() => response.writeHead(204).end(), 2_200);
    const webhook = await subscribe(app, slow.url, ['ping']);
    const eventIds: string[] = [];
    const send = async () => eventIds.push((await app.must('POST', `/webhooks/${webhook.id}/test`)).event_id);
    for (let sent = 0; sent < 6; sent++) await send();
    for (const id of eventIds) await deliveryOf(app, webhook.id, id, withStatus('delivered'));
    const queues = await queuesOf(webhook.id);
    expect(queues[0]).toBe('webhook-delivery');
    expect(new Set(queues.slice(1))).toEqual(new Set(['webhook-retry']));

    slow.behaviour = answer(204);
    for (const queue of ['webhook-retry', 'webhook-delivery']) {
      const before = (await queuesOf(webhook.id)).length;
      await send();
      await deliveryOf(app, webhook.id, String(eventIds.at(-1)), withStatus('delivered'));
      expect((await queuesOf(webhook.id)).slice(before)).toEqual([queue]);
    }
  });

  it('is free again after an errand, however long that waited', async () => {
    const billing = await receiver();
    const webhook = await subscribe(app, billing.url, ['ping']);
    await app.sql(`update webhooks set served_until = 'infinity' where id = $1`, [webhook.id]);
    const sent = await app.must('POST', `/webhooks/${webhook.id}/test`);
    await app.nest.get(Courier, { strict: false }).run({ webhookId: webhook.id });
    await deliveryOf(app, webhook.id, sent.event_id, () => true);
    expect(await app.sql('select served_until from webhooks where id = $1', [webhook.id])).toEqual([
      { served_until: null },
    ]);
  });
});

describe('an attempt', () => {
  it.each([
    ['refused', 'http://127.0.0.1:1/', 'The connection was refused.'],
    ['of an unknown name', 'http://no-such-host.invalid/', 'The host name could not be resolved.'],
  ])('that is %s is logged in a sentence', async (_, url, sentence) => {
    const webhook = await subscribe(app, url, ['ping']);
    const { event_id } = await app.must('POST', `/webhooks/${webhook.id}/test`);
    const { attempts, status } = await deliveryOf(app, webhook.id, event_id, withAttempts(1));
    expect([status, attempts.map(({ error }: any) => error)]).toEqual(['pending', [sentence]]);
    expect(attempts[0]).toMatchObject({ status_code: null });
    await app.must('DELETE', `/webhooks/${webhook.id}`);
  });
});
