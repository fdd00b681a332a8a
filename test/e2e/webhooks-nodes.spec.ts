import { startNodes, type Nodes } from '../setup/nodes.js';
import { answer, Receiver, silence } from '../setup/receiver.js';

/** Two service processes on one database. */
const SETTINGS = {
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  WEBHOOKS_ALLOW_PRIVATE: 'true',
  LIMIT_ADMIN_PER_MINUTE: '100000',
  // More than the calls that come at once: none has to wait for a connection.
  DATABASE_POOL_SIZE: '60',
};

let nodes: Nodes;
let receiver: Receiver;
let webhookId: string;

beforeEach(async () => {
  [nodes, receiver] = await Promise.all([startNodes(2, SETTINGS), Receiver.start()]);
  const webhook = { url: receiver.url, events: ['license.created'] };
  webhookId = (await nodes.admin(0, 'POST', '/webhooks', webhook)).body.data.id;
});
afterEach(async () => {
  await nodes.stop();
  await receiver.stop();
});

const eventIds = async () =>
  (await nodes.sql(`select id from events where type = 'license.created' order by id`)).map(({ id }) => id);

const delivered = () =>
  nodes
    .sql(`select count(*)::int as n from webhook_deliveries where status = 'delivered'`)
    .then(([{ n }]) => n);

/** As if so long had passed since the dead node last said anything. */
const letTimePass = () =>
  nodes
    .sql(`update webhooks set served_until = served_until - interval '1 minute'`)
    .then(() => nodes.sql(`update webhook_deliveries set taken_until = taken_until - interval '1 minute'`));

describe('with two nodes', () => {
  it('each event is delivered once', async () => {
    const { license } = await nodes.sell(1);
    const body = { product: license.product, policy: license.policy };
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => nodes.admin(index, 'POST', '/licenses', body)),
    );
    await receiver.until(41);
    while ((await delivered()) < 41) await nodes.sql('select pg_sleep(0.05)');
    expect(receiver.received.map(({ id }) => id).toSorted()).toEqual(await eventIds());
  });

  it('an event of a node that is killed after its commit is not lost', async () => {
    const { license } = await nodes.sell(1);
    await receiver.until(1);
    await nodes.kill(1);
    // Nobody is left to relay it: it lies in the outbox, and nowhere else.
    const { status } = await nodes.admin(0, 'POST', '/licenses', {
      product: license.product,
      policy: license.policy,
      quantity: 20,
    });
    await nodes.kill(0);
    expect(status).toBe(201);
    const before = receiver.received.length;
    await nodes.start();
    await letTimePass();
    expect(await receiver.untilEvents(21)).toEqual(await eventIds());
    expect(before).toBeLessThan(21);
  });

  it('an attempt whose node is asked to stop is given to the other one', async () => {
    await nodes.kill(1);
    receiver.behaviour = silence;
    await nodes.sell(1);
    const [first] = await receiver.until(1);
    receiver.behaviour = answer(204);
    await Promise.all([nodes.end(0), nodes.start()]);
    const [, second] = await receiver.until(2);
    expect(second?.id).toBe(first?.id);
    while ((await delivered()) < 1) await nodes.sql('select pg_sleep(0.05)');
    expect(await nodes.sql('select error from webhook_attempts')).toEqual([{ error: null }]);
  });

  it('an attempt whose node is killed in the middle is made again, under the same id', async () => {
    await nodes.kill(1);
    receiver.behaviour = silence;
    await nodes.sell(1);
    await receiver.until(1);
    await nodes.kill(0);
    receiver.behaviour = answer(204);
    await nodes.start();
    await letTimePass();
    const [first, second] = await receiver.until(2);
    expect(second?.id).toBe(first?.id);
    expect(second?.raw).toBe(first?.raw);
    while ((await delivered()) < 1) await nodes.sql('select pg_sleep(0.05)');
    expect(
      await nodes.sql('select status, attempt_count from webhook_deliveries where webhook_id = $1', [
        webhookId,
      ]),
    ).toEqual([{ status: 'delivered', attempt_count: 1 }]);
  });
});
