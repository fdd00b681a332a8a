import { decodeJwt, decodeProtectedHeader } from 'jose';
import { runAdmin } from '../../src/admin-cli/run.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { Holder } from '../setup/holder.js';
import { untilLockWaits } from '../setup/locks.js';

let app: TestApp;
let holder: Holder;
let doorkeeper: Holder;
beforeAll(async () => {
  app = await startApp({ settings: { DATABASE_POOL_SIZE: '60' } });
  holder = await Holder.at(app.databaseUrl);
  doorkeeper = await Holder.at(app.databaseUrl);
});
afterAll(async () => {
  await holder.leave();
  await doorkeeper.leave();
  await app.stop();
});

interface Machine {
  readonly key: string;
  readonly licenseId: string;
  readonly hardware: string;
}

async function machines(licenses: number, seats: number): Promise<Machine[]> {
  const sold = await Promise.all(
    Array.from({ length: licenses }, () => app.sell({ license: { max_activations: seats } })),
  );
  return sold.flatMap(({ key, license }) =>
    Array.from({ length: seats }, () => ({ key, licenseId: license.id, hardware: hardwareId() })),
  );
}

/** Runs `calls` while nobody can look a key up, and lets them all go on once the last of `count` has come in. */
async function atOnce<T>(count: number, calls: () => Promise<T>): Promise<T> {
  let arrived = 0;
  const last = Promise.withResolvers<void>();
  const server = app.nest.getHttpServer();
  const arrives = () => {
    arrived += 1;
    if (arrived === count) last.resolve();
  };
  server.on('request', arrives);
  await doorkeeper.sql('begin');
  await doorkeeper.sql('lock table license_keys in access exclusive mode');
  const answers = calls();
  await last.promise;
  await untilLockWaits(app);
  await doorkeeper.letGo();
  server.off('request', arrives);
  return answers;
}

const activate = ({ key, hardware }: Machine, more: object = {}) =>
  app.panel('activate', panelBody(key, hardware, more));

const kidOf = ({ body }: { body: any }) => decodeProtectedHeader(body.lease).kid ?? '';
const statusOf = ({ status }: { status: number }) => status;
const all = (count: number, value: unknown) => Array.from({ length: count }, () => value);

const told = (index: number) => ({
  version: `1.${index}.0`,
  hostname: index % 3 === 0 ? null : `panel-${index}.example.test`,
  platform: `platform-${index}`,
  arch: 'x64',
  usage: { accounts: index },
});

/** The seats of that hardware as they are stored, each with the number of the transaction that wrote it. */
async function seatsOf(hardware: readonly string[]) {
  const rows = await app.sql(
    'select *, xmin::text as written_by from activations where hardware_id = any($1)',
    [hardware],
  );
  return new Map<string, any>(rows.map((row) => [row.hardware_id, row]));
}

/** In how many transactions the seats were written. */
const transactionsOf = async (seated: readonly Machine[]) =>
  new Set(
    [...(await seatsOf(seated.map(({ hardware }) => hardware))).values()].map((seat) => seat.written_by),
  ).size;

const trailOf = (licenseIds: readonly string[]) =>
  app.sql(
    `select e.*, p.data as personal from audit_events e left join audit_personal p on p.event_id = e.id
    where e.subject_type = 'activation' and e.details->>'license_id' = any($1)`,
    [licenseIds],
  );

describe('machines that activate at once', () => {
  it('are each given the seat and the lease that are stored, with what they told, in few transactions', async () => {
    const asking = await machines(20, 2);
    const answers = await atOnce(asking.length, () =>
      Promise.all(asking.map((machine, index) => activate(machine, told(index)))),
    );
    expect(answers.map(statusOf)).toEqual(all(asking.length, 201));
    const seats = await seatsOf(asking.map(({ hardware }) => hardware));
    for (const [index, { hardware, licenseId }] of asking.entries()) {
      const seat = seats.get(hardware);
      expect(seat).toMatchObject({ ...told(index), license_id: licenseId, last_seen_ip: '127.0.0.1' });
      expect(decodeJwt(answers[index]?.body.lease)).toMatchObject({
        hwid: hardware,
        jti: seat.lease_id,
        seq: Number(seat.lease_seq),
      });
    }
    expect(await transactionsOf(asking)).toBeLessThan(asking.length / 2);
  });

  it('each leave their own line in the audit log', async () => {
    const asking = await machines(10, 1);
    await Promise.all(asking.map((machine, index) => activate(machine, told(index))));
    const seats = await seatsOf(asking.map(({ hardware }) => hardware));
    const trail = await trailOf(asking.map(({ licenseId }) => licenseId));
    expect(new Set(trail.map((line) => line.request_id)).size).toBe(asking.length);
    expect(trail).toHaveLength(asking.length);
    for (const [index, { hardware, licenseId }] of asking.entries()) {
      const line = trail.find(({ actor_id: actor }) => actor === licenseId);
      expect(line).toMatchObject({
        action: 'activation.created',
        actor_type: 'panel',
        subject_id: seats.get(hardware).id,
        details: { hardware_id: hardware, version: told(index).version },
      });
      const { hostname } = told(index);
      expect(line.personal).toEqual({ address: '127.0.0.1', ...(hostname !== null && { hostname }) });
    }
  });

  it('of one license share the seats that it has, and the others are refused', async () => {
    const [{ key, licenseId } = {} as Machine] = await machines(1, 7);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => activate({ key, licenseId, hardware: hardwareId() })),
    );
    const granted = answers.filter(({ status }) => status === 201);
    expect(granted).toHaveLength(7);
    expect(granted.map(({ body }) => body.license.activations).toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(answers.filter(({ body }) => body.code === 'MAX_ACTIVATIONS')).toHaveLength(23);
    const trail = await trailOf([licenseId]);
    expect(trail.filter(({ action }) => action === 'activation.created')).toHaveLength(7);
  });

  it('and are one machine, are answered one seat, and do not keep the others from being given theirs', async () => {
    const [twin] = (await machines(1, 3)) as [Machine];
    const others = await machines(12, 1);
    const [twins, rest] = await atOnce(32, () =>
      Promise.all([
        Promise.all(Array.from({ length: 20 }, () => activate(twin))),
        Promise.all(others.map((machine) => activate(machine))),
      ]),
    );
    expect(twins.map(statusOf).toSorted()).toEqual([...all(19, 200), 201]);
    expect(rest.map(statusOf)).toEqual(all(others.length, 201));
    expect(await app.sql('select from activations where hardware_id = $1', [twin.hardware])).toHaveLength(1);
    expect(await transactionsOf(others)).toBeLessThan(others.length / 2);
  });

  it('go on where the last seat of their hardware ended', async () => {
    const asking = await machines(4, 1);
    const first = await Promise.all(asking.map((machine) => activate(machine)));
    await Promise.all(
      asking.map(({ key, hardware }, index) =>
        app.panel(
          'deactivate',
          panelBody(key, hardware, { lease_id: decodeJwt(first[index]?.body.lease).jti }),
        ),
      ),
    );
    const again = await Promise.all(asking.map((machine) => activate(machine)));
    expect(again.map(statusOf)).toEqual(all(4, 201));
    for (const [index, { body }] of again.entries())
      expect(Number(decodeJwt(body.lease).seq)).toBeGreaterThan(
        Number(decodeJwt(first[index]?.body.lease).seq),
      );
  });

  it('with two keys of one license share its seats', async () => {
    const [first, ...others] = (await machines(12, 1)) as [Machine, ...Machine[]];
    const rotated = await app.must('POST', `/licenses/${first.licenseId}/rotate-key`, { overlap_hours: 1 });
    const second = { ...first, key: rotated.key, hardware: hardwareId() };
    const [pair, rest] = await atOnce(13, () =>
      Promise.all([
        Promise.all([activate(first), activate(second)]),
        Promise.all(others.map((machine) => activate(machine))),
      ]),
    );
    expect(pair.map(statusOf).toSorted()).toEqual([201, 403]);
    expect(rest.map(statusOf)).toEqual(all(11, 201));
    expect(await transactionsOf(others)).toBeLessThan(others.length / 2);
  });

  it('are refused where their hardware is blocked, and the others are given their seats', async () => {
    const [blocked, ...others] = (await machines(12, 1)) as [Machine, ...Machine[]];
    await app.must('POST', '/blocklist', { hardware_id: blocked.hardware });
    const [refused, rest] = await atOnce(12, () =>
      Promise.all([activate(blocked), Promise.all(others.map((machine) => activate(machine)))]),
    );
    expect(refused.body.code).toBe('HARDWARE_MISMATCH');
    expect(rest.map(statusOf)).toEqual(all(11, 201));
    expect((await seatsOf([blocked.hardware])).size).toBe(0);
  });

  it('leave no name behind where the customer is erased, and theirs where not', async () => {
    const customer = await app.must('POST', '/customers', { name: 'Somebody' });
    const [erased, ...others] = (await machines(12, 1)) as [Machine, ...Machine[]];
    await app.must('PATCH', `/licenses/${erased.licenseId}`, { customer_id: customer.id });
    await app.must('POST', `/customers/${customer.id}/erase`);
    const asking = [erased, ...others];
    const answers = await atOnce(12, () =>
      Promise.all(asking.map((machine) => activate(machine, { hostname: 'panel.example.test' }))),
    );
    expect(answers.map(statusOf)).toEqual(all(12, 201));
    const seats = await seatsOf(asking.map(({ hardware }) => hardware));
    const nameOf = ({ hardware }: Machine) => [
      seats.get(hardware).hostname,
      seats.get(hardware).last_seen_ip,
    ];
    expect(nameOf(erased)).toEqual([null, null]);
    for (const other of others) expect(nameOf(other)).toEqual(['panel.example.test', '127.0.0.1']);
    expect(await transactionsOf(asking)).toBeLessThan(asking.length / 2);
    const [line] = await trailOf([erased.licenseId]);
    expect(line.personal).toBeNull();
  });

  it('are not signed for with a key that another node has withdrawn', async () => {
    const asking = await machines(12, 1);
    const [sold] = (await machines(1, 1)) as [Machine];
    const withdrawn = kidOf(await activate(sold));
    // As another node does it: this one has yet to hear of it.
    const code = await runAdmin(['rotate-signing-key', '--compromised', withdrawn], {
      loadConfig: () => app.config,
      clock: app.clock,
      say: () => undefined,
      complain: () => undefined,
    });
    expect(code).toBe(0);
    const answers = await atOnce(12, () => Promise.all(asking.map((machine) => activate(machine))));
    expect(answers.map(statusOf)).toEqual(all(12, 201));
    expect(answers.map(kidOf)).not.toContain(withdrawn);
  });

  it('do not wait for a license that somebody else holds, and its own machine waits', async () => {
    const [late, ...others] = (await machines(12, 1)) as [Machine, ...Machine[]];
    await holder.sql('begin');
    await holder.sql('select from licenses where id = $1 for update', [late.licenseId]);
    let isAnswered = false;
    const [waiting, answers] = await atOnce(12, async () => {
      const last = activate(late).finally(() => {
        isAnswered = true;
      });
      return [{ last }, await Promise.all(others.map((machine) => activate(machine)))] as const;
    });
    expect(answers.map(statusOf)).toEqual(all(11, 201));
    expect(await transactionsOf(others)).toBeLessThan(others.length / 2);
    await untilLockWaits(app);
    expect(isAnswered).toBe(false);
    await holder.sql(`update licenses set status = 'suspended' where id = $1`, [late.licenseId]);
    await holder.sql('commit');
    // Decided by what it says now, and not by what it said when the machine asked.
    expect((await waiting.last).body.code).toBe('SUSPENDED');
  });

  it.each([
    ['refuses', 'P0001', 500],
    ['can not give what others hold', '55P03', 503],
  ])('are not taken along by one that the database %s', async (_, code, status) => {
    const asking = (await machines(12, 1)) as [Machine, ...Machine[]];
    const [refused, ...others] = asking;
    await app.sql(
      `create function refuse_hardware() returns trigger language plpgsql as
      $$ begin if new.hardware_id = '${refused.hardware}' then raise 'refused' using errcode = '${code}'; end if; return new; end $$`,
    );
    await app.sql(
      'create trigger refuse before insert on activations for each row execute function refuse_hardware()',
    );
    const answers = await Promise.all(asking.map((machine) => activate(machine)));
    await app.sql('drop function refuse_hardware cascade');
    expect(answers.map(statusOf)).toEqual([status, ...all(11, 201)]);
    expect(await trailOf([refused.licenseId])).toEqual([]);
    expect(await trailOf(others.map(({ licenseId }) => licenseId))).toHaveLength(11);
    expect(statusOf(await activate(refused))).toBe(201);
  });
});
