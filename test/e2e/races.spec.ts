import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { hardwareId, panelBody } from '../setup/app.js';
import { startNodes, type Nodes } from '../setup/nodes.js';

let nodes: Nodes;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-races-'));
  nodes = await startNodes(2, {
    DATA_DIR: dataDir,
    MASTER_KEY: randomBytes(32).toString('base64'),
    // A connection for each call of a burst: what waits for one longer than five seconds is refused.
    DATABASE_POOL_SIZE: '60',
    LIMIT_ADMIN_PER_MINUTE: '1000000',
    LIMIT_LICENSE_PER_MINUTE: '1000000',
    LIMIT_ADDRESS_PER_MINUTE: '1000000',
  });
});
afterAll(async () => {
  await nodes.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const tally = (values: string[]) => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
};

const outcome = ({ status, body }: { status: number; body: any }) => body.code ?? `${status}`;

const activeSeats = async (licenseId: string) => {
  const [row] = await nodes.sql(
    'select count(*)::int as seats from activations where license_id = $1 and released_at is null',
    [licenseId],
  );
  return row.seats as number;
};

describe('two processes on one database', () => {
  it('give one seat to fifty machines that ask at once', async () => {
    const { license, key } = await nodes.sell(1);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => nodes.panel(i, 'activate', panelBody(key, hardwareId()))),
    );
    expect(tally(answers.map(outcome))).toEqual({ 201: 1, MAX_ACTIVATIONS: 49 });
    expect(await activeSeats(license.id)).toBe(1);
  });

  it('give the same machine one seat and one 201 when it asks fifty times at once', async () => {
    const { license, key } = await nodes.sell(1);
    const hardware = hardwareId();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => nodes.panel(i, 'activate', panelBody(key, hardware))),
    );
    expect(tally(answers.map(outcome))).toEqual({ 201: 1, 200: 49 });
    expect(new Set(answers.map(({ body }) => body.activation.id)).size).toBe(1);
    expect(new Set(answers.map(({ body }) => body.lease)).size).toBe(1);
    expect(await activeSeats(license.id)).toBe(1);
  });

  it('move a seat once when the same rebind comes fifty times at once', async () => {
    const { license, key } = await nodes.sell(1);
    const [from, to] = [hardwareId(), hardwareId()];
    await nodes.panel(0, 'activate', panelBody(key, from));
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        nodes.panel(i, 'rebind', panelBody(key, to, { previous_hardware_id: from })),
      ),
    );
    expect(tally(answers.map(outcome))).toEqual({ 200: 50 });
    const moves = await nodes.sql('select * from rebinds where license_id = $1', [license.id]);
    expect(moves).toHaveLength(1);
  });

  it('see a revocation that the other has answered at the very next call', async () => {
    for (let round = 0; round < 10; round++) {
      const { license, key } = await nodes.sell(1);
      const hardware = hardwareId();
      await nodes.panel(1, 'activate', panelBody(key, hardware));
      const storm = Array.from({ length: 10 }, () => nodes.panel(1, 'validate', panelBody(key, hardware)));
      await nodes.admin(0, 'POST', `/licenses/${license.id}/revoke`);
      expect(outcome(await nodes.panel(1, 'validate', panelBody(key, hardware)))).toBe('REVOKED');
      await Promise.all(storm);
    }
  });

  it('answer one lease to a panel that renews twenty times at once', async () => {
    const { license, key } = await nodes.sell(1);
    const hardware = hardwareId();
    const { body } = await nodes.panel(0, 'activate', panelBody(key, hardware));
    const [, claims] = body.lease.split('.');
    const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    // What the license says has changed, so every one of the calls finds a lease to replace.
    await nodes.admin(0, 'PATCH', `/licenses/${license.id}`, { limits: { accounts: 5 } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => nodes.panel(i, 'validate', panelBody(key, hardware))),
    );
    expect(tally(answers.map(outcome))).toEqual({ 200: 20 });
    const leases = new Set(answers.map((answer) => answer.body.lease));
    expect(leases.size).toBe(1);
    expect(leases).not.toContain(body.lease);
    const held = JSON.parse(Buffer.from([...leases][0]?.split('.')[1] ?? '', 'base64url').toString());
    expect(held.jti).not.toBe(jti);
    expect(held.seq).toBeGreaterThan(JSON.parse(Buffer.from(claims, 'base64url').toString()).seq);
  });

  it('renew the same seats in opposite orders without waiting for each other in a circle', async () => {
    const { license, key } = await nodes.sell(60);
    const seats = Array.from({ length: 60 }, hardwareId);
    for (const hardware of seats) await nodes.panel(0, 'activate', panelBody(key, hardware));
    for (let round = 1; round <= 5; round++) {
      // What the license says has changed, so every call finds a lease to replace.
      await nodes.admin(0, 'PATCH', `/licenses/${license.id}`, { limits: { accounts: round } });
      const renew = (number: number, order: string[]) =>
        Promise.all(order.map((hardware) => nodes.panel(number, 'validate', panelBody(key, hardware))));
      const [forth, back] = await Promise.all([renew(0, seats), renew(1, seats.toReversed())]);
      expect(tally([...forth, ...back].map(outcome))).toEqual({ 200: 120 });
      const leases = forth.map(({ body }) => body.lease);
      expect(back.toReversed().map(({ body }) => body.lease)).toEqual(leases);
      expect(new Set(leases).size).toBe(60);
      const rows = await nodes.sql('select hardware_id, lease_id from activations where license_id = $1', [
        license.id,
      ]);
      const stored = new Map(rows.map(({ hardware_id, lease_id }) => [hardware_id, lease_id]));
      const answered = leases.map((lease) =>
        JSON.parse(Buffer.from(lease.split('.')[1], 'base64url').toString()),
      );
      expect(answered.map(({ jti }) => jti)).toEqual(seats.map((hardware) => stored.get(hardware)));
      expect(answered.map(({ limits }) => limits)).toEqual(seats.map(() => ({ accounts: round })));
    }
    const [{ deadlocks }] = await nodes.sql(
      'select deadlocks::int from pg_stat_database where datname = current_database()',
    );
    expect(deadlocks).toBe(0);
  });
});

/** One thing that happens to a license, on one node, while others happen. */
type Step =
  | { kind: 'activate' | 'deactivate'; node: number; machine: number }
  | { kind: 'rebind'; node: number; machine: number; to: number }
  | { kind: 'suspend' | 'reinstate'; node: number }
  | { kind: 'limit'; node: number; limit: number };

const node = fc.integer({ min: 0, max: 1 });
const machine = fc.integer({ min: 0, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('activate' as const), node, machine }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deactivate' as const), node, machine }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rebind' as const), node, machine, to: machine }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('suspend' as const, 'reinstate' as const), node }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('limit' as const),
      node,
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

/**
 * A trigger that notes, as part of each commit, how many seats there were and which limit was in force when one was
 * taken. Whoever takes a seat holds the license row until the commit, so what the trigger reads is in force then.
 */
const WITNESS = `
  create table witness (license_id uuid, seats int, seat_limit int, moved boolean);
  create function bear_witness() returns trigger language plpgsql as $$
  begin
    insert into witness
      select new.license_id, count(*), (select max_activations from licenses where id = new.license_id),
        new.moved_from_hardware_id is not null
      from activations where license_id = new.license_id and released_at is null;
    return null;
  end $$;
  create constraint trigger bear_witness after insert on activations deferrable initially deferred
    for each row execute function bear_witness()`;

it('never takes a seat beyond the limit in force at commit, whatever is interleaved', async () => {
  await nodes.sql(WITNESS);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 30 }), async (steps) => {
      const { license, key } = await nodes.sell(2);
      const ids = Array.from({ length: 6 }, hardwareId);
      const run = (s: Step) => {
        switch (s.kind) {
          case 'activate':
          case 'deactivate':
            return nodes.panel(s.node, s.kind, panelBody(key, ids[s.machine] ?? ''));
          case 'rebind':
            return nodes.panel(
              s.node,
              'rebind',
              panelBody(key, ids[s.to] ?? '', { previous_hardware_id: ids[s.machine] }),
            );
          case 'limit':
            return nodes.admin(s.node, 'PATCH', `/licenses/${license.id}`, { max_activations: s.limit });
          default:
            return nodes.admin(s.node, 'POST', `/licenses/${license.id}/${s.kind}`);
        }
      };
      const answers = await Promise.all(steps.map(run));
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
      // A move puts one seat in the place of another: it may go on above a limit that was lowered under the seats in use.
      const beyond = await nodes.sql(
        'select * from witness where license_id = $1 and seats > seat_limit and not moved',
        [license.id],
      );
      expect(beyond).toEqual([]);
      // Nor does anything but a new seat add to their number: with the limit never lowered, the total stays within it.
      const [{ most }] = await nodes.sql('select max(seats) as most from witness where license_id = $1', [
        license.id,
      ]);
      const limits = steps.flatMap((s) => (s.kind === 'limit' ? [s.limit] : []));
      expect(most ?? 0).toBeLessThanOrEqual(Math.max(2, ...limits));
    }),
    { numRuns: 25 },
  );
});
