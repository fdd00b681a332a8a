import { jest } from '@jest/globals';
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { NameLookup } from '../../src/access/outbound.js';
import { MOST_TRIES } from '../../src/domain/webhook-retries.js';
import { WebhookRetention } from '../../src/webhooks/retention.js';
import { Sender } from '../../src/webhooks/sender.js';
import { startApp, type TestApp } from '../setup/app.js';
import { deliveryOf, subscribe, withAttempts, withStatus } from '../setup/deliveries.js';
import { answer, Receiver, silence } from '../setup/receiver.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ settings: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
});
afterAll(() => app.stop());

const auditOf = (id: string, action: string) =>
  app.sql('select actor_type, details from audit_events where subject_id = $1 and action = $2', [id, action]);

/** Once every attempt that is due has been made. */
async function attempted(webhookId: string, counts: readonly (readonly [string, number])[]): Promise<void> {
  for (const [eventId, count] of counts) await deliveryOf(app, webhookId, eventId, withAttempts(count));
}

describe('a receiver that is down', () => {
  it('for an hour misses nothing, and gets each event under one id', async () => {
    const first = await Receiver.start();
    const { port, url } = first;
    const webhook = await subscribe(app, url, ['license.*']);
    await first.stop();

    const { product, policy } = await app.sell();
    const licenses: string[] = [];
    for (let quarter = 0; quarter < 4; quarter++) {
      const { id } = await app.must('POST', '/licenses', { product: product.code, policy: policy.code });
      await app.must('POST', `/licenses/${id}/suspend`);
      licenses.push(id);
      const events = await app.sql<{ id: string }>(`select id from events where data->>'id' = $1`, [id]);
      expect(events).toHaveLength(2);
      await attempted(
        webhook.id,
        events.map((event) => [event.id, 1]),
      );
      app.clock.advance({ seconds: 900 });
    }
    expect((await app.must('GET', `/webhooks/${webhook.id}`)).failing_since).not.toBeNull();

    const second = await Receiver.start(port);
    const known = new Set(licenses);
    // Whatever was tried for an hour is tried again within the next one.
    app.clock.advance({ hours: 1 });
    const received = await second.until(8, ({ body }) => known.has(body.data.id));
    const kept = await app.sql(`select id, type, data from events where data->>'id' = any($1)`, [licenses]);
    expect(received.map(({ id, body }) => [id, body.type, body.data]).toSorted()).toEqual(
      kept.map(({ id, type, data }) => [id, type, data]).toSorted(),
    );
    for (const { id } of received) await deliveryOf(app, webhook.id, id, withStatus('delivered'));
    expect((await app.must('GET', `/webhooks/${webhook.id}`)).failing_since).toBeNull();
    await app.must('DELETE', `/webhooks/${webhook.id}`);
    await second.stop();
  });

  it('for more than a day fails, until it is asked for once more', async () => {
    const receiver = await Receiver.start();
    receiver.behaviour = answer(503);
    const webhook = await subscribe(app, receiver.url, ['ping']);
    const sent = await app.must('POST', `/webhooks/${webhook.id}/test`);
    await deliveryOf(app, webhook.id, sent.event_id, withAttempts(1));
    // But for the last one, all the tries of a day.
    await app.sql('update webhook_deliveries set tries = $2 where id = $1', [sent.id, MOST_TRIES - 1]);
    app.clock.advance({ hours: 5 });
    const failed = await deliveryOf(app, webhook.id, sent.event_id, withStatus('failed'));
    expect(failed).toMatchObject({ next_attempt_at: null, completed_at: app.clock.now().toISOString() });
    receiver.behaviour = answer(200);
    await app.must('POST', `/webhooks/${webhook.id}/deliveries/${sent.id}/redeliver`);
    expect(await deliveryOf(app, webhook.id, sent.event_id, withStatus('delivered'))).toMatchObject({
      attempt_count: 3,
    });
    await receiver.stop();
  });

  it('for five days is disabled, which the audit log tells, and sent to again once it is enabled', async () => {
    const receiver = await Receiver.start();
    receiver.behaviour = answer(500);
    const webhook = await subscribe(app, receiver.url, ['ping']);
    const since = new Date(app.clock.now().getTime() - 5 * 86_400_000);
    await app.sql('update webhooks set failing_since = $2, failures = 19 where id = $1', [webhook.id, since]);
    const sent = await app.must('POST', `/webhooks/${webhook.id}/test`);
    await deliveryOf(app, webhook.id, sent.event_id, withAttempts(1));
    const reason = 'Every attempt of the last 5 days failed.';
    expect(await app.must('GET', `/webhooks/${webhook.id}`)).toMatchObject({
      enabled: false,
      disabled_reason: reason,
      failing_since: since.toISOString(),
    });
    expect(await auditOf(webhook.id, 'webhook.disabled')).toEqual([
      {
        actor_type: 'system',
        details: {
          origin: new URL(receiver.url).origin,
          reason,
          failing_since: since.toISOString(),
          failures: 20,
        },
      },
    ]);

    // What was pending waits for it.
    receiver.behaviour = answer(200);
    app.clock.advance({ days: 2 });
    const enabled = await app.must('PATCH', `/webhooks/${webhook.id}`, { enabled: true });
    expect(enabled).toMatchObject({ enabled: true, disabled_reason: null, failing_since: null });
    await deliveryOf(app, webhook.id, sent.event_id, withStatus('delivered'));
    await receiver.stop();
  });

  it('for good says so by 410, and is disabled at once', async () => {
    const receiver = await Receiver.start();
    receiver.behaviour = answer(410);
    const webhook = await subscribe(app, receiver.url, ['ping']);
    const sent = await app.must('POST', `/webhooks/${webhook.id}/test`);
    await deliveryOf(app, webhook.id, sent.event_id, withStatus('failed'));
    expect(await app.must('GET', `/webhooks/${webhook.id}`)).toMatchObject({
      enabled: false,
      disabled_reason: 'The receiver answered 410 Gone.',
    });
    expect(await auditOf(webhook.id, 'webhook.disabled')).toHaveLength(1);
    await receiver.stop();
  });
});

describe('an attempt', () => {
  it('that nobody answers ends after ten seconds', async () => {
    const receiver = await Receiver.start();
    receiver.behaviour = silence;
    const webhook = await subscribe(app, receiver.url, ['ping']);
    const sent = await app.must('POST', `/webhooks/${webhook.id}/test`);
    const { attempts } = await deliveryOf(app, webhook.id, sent.event_id, withAttempts(1));
    expect(attempts).toMatchObject([{ status_code: null, error: 'No answer came within 10 seconds.' }]);
    await receiver.stop();
  });

  it.each([
    [
      'changes the protocol',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      { status_code: 101, error: 'The receiver answered 101.' },
    ],
    ['hangs up', null, { status_code: null, error: 'The connection was closed before an answer came.' }],
  ])('whose receiver %s is a refused one, and others follow', async (_, said, attempt) => {
    const receiver = await Receiver.start();
    receiver.behaviour = (_received, { socket }) => {
      if (said === null) socket?.end();
      else socket?.write(said);
    };
    const webhook = await subscribe(app, receiver.url, ['ping']);
    const sent = await app.must('POST', `/webhooks/${webhook.id}/test`);
    const { attempts } = await deliveryOf(app, webhook.id, sent.event_id, withAttempts(1));
    expect(attempts).toMatchObject([attempt]);
    receiver.behaviour = answer(204);
    app.clock.advance({ seconds: 3 });
    await deliveryOf(app, webhook.id, sent.event_id, withStatus('delivered'));
    await receiver.stop();
  });

  it('that never ends is given up, so that others follow', async () => {
    const receiver = await Receiver.start();
    const webhook = await subscribe(app, receiver.url, ['ping']);
    const sender = app.nest.get(Sender, { strict: false });
    const hanging = jest.spyOn(sender, 'send').mockReturnValueOnce(new Promise(() => undefined));
    const sent = await app.must('POST', `/webhooks/${webhook.id}/test`);
    const { attempts } = await deliveryOf(app, webhook.id, sent.event_id, withAttempts(1));
    expect(attempts).toMatchObject([{ status_code: null, error: 'The request failed.' }]);
    app.clock.advance({ seconds: 3 });
    await deliveryOf(app, webhook.id, sent.event_id, withStatus('delivered'));
    hanging.mockRestore();
    await receiver.stop();
  });

  it('that is answered without end is an accepted one', async () => {
    const receiver = await Receiver.start();
    const cut = new Promise<void>((resolve) => {
      receiver.behaviour = (_, response) => {
        response.writeHead(200);
        const pour = () => {
          while (!response.destroyed && response.write('x'.repeat(16_384)));
        };
        response.on('drain', pour).on('close', resolve);
        pour();
      };
    });
    const webhook = await subscribe(app, receiver.url, ['ping']);
    const sent = await app.must('POST', `/webhooks/${webhook.id}/test`);
    const { attempts } = await deliveryOf(app, webhook.id, sent.event_id, withStatus('delivered'));
    expect(attempts).toMatchObject([{ status_code: 200, error: null }]);
    await cut;
    await receiver.stop();
  });
});

const namesOf = (of: TestApp) => of.nest.get(NameLookup, { strict: false }) as { lookup: LookupFunction };

describe('a name that led to the internet when it was saved', () => {
  let guarded: TestApp;
  let receiver: Receiver;
  beforeAll(async () => {
    [guarded, receiver] = await Promise.all([startApp(), Receiver.start()]);
  });
  afterAll(async () => {
    namesOf(app).lookup = lookup as LookupFunction;
    await guarded.stop();
    await receiver.stop();
  });

  /** A resolver whose answer changes, as an attacker's does. */
  let leadsTo = '93.184.216.34';
  const rebinding: LookupFunction = (_name, options, callback) =>
    options.all ? callback(null, [{ address: leadsTo, family: 4 }]) : callback(null, leadsTo, 4);

  it('is not followed into a private network', async () => {
    const url = `http://rebound.example.com:${receiver.port}/hook`;
    namesOf(guarded).lookup = rebinding;
    const webhook = await subscribe(guarded, url, ['ping']);

    leadsTo = '127.0.0.1';
    const sent = await guarded.must('POST', `/webhooks/${webhook.id}/test`);
    const delivery = await deliveryOf(guarded, webhook.id, sent.event_id, withAttempts(1));
    expect(delivery.attempts).toMatchObject([
      { status_code: null, error: 'The host name leads to a private address.' },
    ]);
    expect(receiver.received).toEqual([]);
    const again = await guarded.admin('PATCH', `/webhooks/${webhook.id}`, { url: `${url}/2` });
    expect(again.body.details).toEqual({ url: ['The url field must not lead to a private address.'] });

    // By the same name it is reached where nothing is guarded: it was the guard that kept it away.
    namesOf(app).lookup = rebinding;
    const open = await subscribe(app, url, ['ping']);
    await app.must('POST', `/webhooks/${open.id}/test`);
    await receiver.until(1);
  });
});

describe('a resolver that is slow', () => {
  it('holds up no save: the name is judged at the connection', async () => {
    const guarded = await startApp();
    namesOf(guarded).lookup = (_name, _options, callback) => {
      setTimeout(() => callback(null, [{ address: '127.0.0.1', family: 4 }]), 1_500);
    };
    const webhook = await subscribe(guarded, 'http://slow.example.com/hook', ['ping']);
    const sent = await guarded.must('POST', `/webhooks/${webhook.id}/test`);
    const { attempts } = await deliveryOf(guarded, webhook.id, sent.event_id, withAttempts(1));
    expect(attempts).toMatchObject([{ error: 'The host name leads to a private address.' }]);
    await guarded.stop();
  });
});

describe('what has been told for long', () => {
  it('is thrown away after thirty days, unless somebody waits for it', async () => {
    const receiver = await Receiver.start();
    const [done, waiting] = [
      await subscribe(app, receiver.url, ['ping']),
      await subscribe(app, 'http://127.0.0.1:1/', ['ping']),
    ];
    const told = await app.must('POST', `/webhooks/${done.id}/test`);
    const open = await app.must('POST', `/webhooks/${waiting.id}/test`);
    await deliveryOf(app, done.id, told.event_id, withStatus('delivered'));
    await deliveryOf(app, waiting.id, open.event_id, withAttempts(1));
    await app.must('POST', `/webhooks/${done.id}/rotate-secret`, { overlap_hours: 720 });
    const left = async () =>
      (await app.sql('select id from events where id = any($1)', [[told.event_id, open.event_id]])).map(
        ({ id }) => id,
      );
    const retention = app.nest.get(WebhookRetention, { strict: false });

    await retention.run();
    expect(await left()).toHaveLength(2);
    await app.sql(`update webhook_deliveries set next_attempt_at = 'infinity' where id = $1`, [open.id]);
    app.clock.advance({ days: 30, seconds: 1 });
    await retention.run();
    expect(await left()).toEqual([open.event_id]);
    expect(await app.must('GET', `/webhooks/${done.id}/deliveries`)).toEqual([]);
    expect(await app.sql('select sealed_previous_secret from webhooks where id = $1', [done.id])).toEqual([
      { sealed_previous_secret: null },
    ]);
    await app.must('PATCH', `/webhooks/${waiting.id}`, { enabled: false });
    await retention.run();
    expect(await left()).toEqual([]);
    await receiver.stop();
  });
});
