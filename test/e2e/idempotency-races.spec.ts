import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilLockWaits } from '../setup/locks.js';
import { startNodes, type Nodes } from '../setup/nodes.js';

let nodes: Nodes;
let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-races-'));
  nodes = await startNodes(2, {
    DATA_DIR: dataDir,
    MASTER_KEY: randomBytes(32).toString('base64'),
    LIMIT_ADMIN_PER_MINUTE: '1000000',
  });
});
afterEach(async () => {
  await nodes.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const draw = () => randomBytes(8).toString('hex');

const sellAgain = (node: number, { license }: { license: any }, key: string, quantity: number) =>
  nodes.admin(
    node,
    'POST',
    '/licenses',
    { product: license.product, policy: license.policy, quantity },
    { 'idempotency-key': key },
  );

/** How many licenses there are of the product, the first one not counted. */
const soldSince = async ({ license }: { license: any }): Promise<number> => {
  const [{ n }] = await nodes.sql(
    'select count(*)::int - 1 as n from licenses where product_id = (select product_id from licenses where id = $1)',
    [license.id],
  );
  return n;
};

/** The server ends the transaction of a process that died when it next looks at its socket; until then the key is held. */
async function onceFree<T extends { status: number }>(send: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await send();
    if (answer.status !== 409) return answer;
    await sleep(50);
  }
}

describe('two processes that are sent the same request', () => {
  it('have one effect between them, however often and at once they are sent it', async () => {
    const sold = await nodes.sell(1);
    const key = draw();
    const send = (node: number) => sellAgain(node, sold, key, 5);
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => send(i)));
    const done = answers.filter(({ status }) => status === 201);
    const busy = answers.filter(({ status }) => status === 409);
    expect(done.length + busy.length).toBe(30);
    expect(new Set(busy.map(({ body }) => body.code))).toEqual(new Set(busy.length > 0 ? ['CONFLICT'] : []));
    expect(done.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1);
    expect(new Set(done.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await soldSince(sold)).toBe(5);
    const later = await send(1);
    expect([later.status, later.headers.get('idempotency-replayed'), later.body]).toEqual([
      201,
      'true',
      done[0]?.body,
    ]);
  });

  it('have its effect once when the first of them dies in the middle', async () => {
    const sold = await nodes.sell(1);
    const key = draw();
    // Its licenses refer to the product, so that the insert waits for this lock.
    await nodes.sql('begin');
    await nodes.sql('select 1 from products where code = $1 for update', [sold.license.product]);
    const lost = sellAgain(0, sold, key, 100).then(
      () => 'answered',
      () => 'cut off',
    );
    await untilLockWaits(nodes);
    expect((await sellAgain(1, sold, key, 100)).status).toBe(409);
    await nodes.kill(0);
    expect(await lost).toBe('cut off');
    await nodes.sql('rollback');
    const answer = await onceFree(() => sellAgain(1, sold, key, 100));
    expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([201, null]);
    expect(await soldSince(sold)).toBe(100);
  });

  it('repeat the answer of one that has died since', async () => {
    const sold = await nodes.sell(1);
    const key = draw();
    const first = await sellAgain(0, sold, key, 3);
    await nodes.kill(0);
    const again = await sellAgain(1, sold, key, 3);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(again.body).toEqual(first.body);
    expect(await soldSince(sold)).toBe(3);
  });
});
