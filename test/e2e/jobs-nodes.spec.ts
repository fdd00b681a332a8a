import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hardwareId, panelBody } from '../setup/app.js';
import { startNodes, type Nodes } from '../setup/nodes.js';
import { until } from '../setup/until.js';

let nodes: Nodes;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-jobs-'));
  nodes = await startNodes(2, { DATA_DIR: dataDir, MASTER_KEY: randomBytes(32).toString('base64') });
});
afterAll(async () => {
  await nodes.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Makes the clock of the queue strike: what it hands in at its times is this row. */
const strike = async (name: string): Promise<string> => {
  const [job] = await nodes.sql(
    "insert into pgboss.job (name, data) select name, '{}' from pgboss.queue where name = $1 returning id",
    [name],
  );
  return job.id;
};

const stateOf = async (id: string): Promise<string> =>
  (await nodes.sql('select state::text from pgboss.job where id = $1', [id]))[0].state;

const untilDone = (id: string): Promise<string> =>
  until(
    () => stateOf(id),
    (state) => state === 'completed',
  );

const notices = (licenseId: string) =>
  nodes.sql("select details from audit_events where subject_id = $1 and action = 'license.expiring'", [
    licenseId,
  ]);

/** A license that was sold long ago and ends within a day. */
async function endingLicense(): Promise<string> {
  const { license } = await nodes.sell(1);
  await nodes.sql(
    "update licenses set created_at = now() - interval '1 year', expires_at = now() + interval '20 hours' where id = $1",
    [license.id],
  );
  return license.id;
}

describe('work that fell due', () => {
  it('while nobody was there is done once, by whoever comes', async () => {
    const licenseId = await endingLicense();
    // As crashes end them.
    await Promise.all([nodes.kill(0), nodes.kill(1)]);
    const job = await strike('expiry-notices');
    expect(await notices(licenseId)).toEqual([]);
    await Promise.all([nodes.start(), nodes.start()]);
    await untilDone(job);
    expect(await notices(licenseId)).toMatchObject([{ details: { days_left: 1 } }]);
  });

  it('has a clock for each kind, the same on every node', async () => {
    const schedules = await nodes.sql('select name from pgboss.schedule order by name');
    expect(schedules.map(({ name }) => name)).toEqual([
      'audit-anchor',
      'audit-retention',
      'clean-up',
      'expiry-notices',
      'key-rotation',
      'license-day',
      'seat-release',
      'stats-retention',
      'webhook-retention',
    ]);
  });
});

/** How often a clock struck by itself since then: all of them strike at a minute of the hour. */
const strikesSince = (cron: string, since: Date): number => {
  const [, begin, every] = /^(\d+)(?:-59\/(\d+))? /.exec(cron)?.map(Number) ?? [];
  if (begin === undefined) throw new Error(`When ${cron} strikes is not known here`);
  const first = Math.floor(since.getTime() / 60_000);
  const minutes = Array.from({ length: Math.floor(Date.now() / 60_000) - first + 1 }, (_, i) => first + i);
  return minutes.filter(
    (minute) => (minute % 60) - begin >= 0 && ((minute % 60) - begin) % (every || 60) === 0,
  ).length;
};

describe('with three nodes that start at once after a day without any', () => {
  const HOUR_MS = 3_600_000;
  let three: Nodes;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mooring-jobs-'));
    three = await startNodes(3, { DATA_DIR: folder, MASTER_KEY: randomBytes(32).toString('base64') });
  });
  afterAll(async () => {
    await three.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** A license whose end is near, and whose only seat has not been seen for long. */
  async function neglectedLicense(): Promise<void> {
    const { license, key } = await three.sell(1);
    await three.panel(0, 'activate', panelBody(key, hardwareId()));
    await three.sql('update policies set release_seat_after_days = 1');
    await three.sql(
      "update licenses set created_at = now() - interval '1 year', expires_at = now() + interval '20 hours' where id = $1",
      [license.id],
    );
    await three.sql("update activations set last_seen_at = now() - interval '9 days'");
  }

  const eventsOf = async (action: string): Promise<number> =>
    (await three.sql('select from audit_events where action = $1', [action])).length;

  it('each clock strikes once for all that was missed, and what it brings is done once', async () => {
    await neglectedLicense();
    await three.sql("update signing_keys set signs_from = signs_from - interval '1 year'");
    await Promise.all([three.kill(0), three.kill(1), three.kill(2)]);
    await three.sql('delete from pgboss.job');
    await three.sql("update pgboss.version set cron_on = now() - interval '26 hours'");
    const longAgo = new Date(Date.now() - 48 * HOUR_MS);
    await three.sql('update pgboss.schedule set created_on = $1, updated_on = $1', [longAgo]);
    const began = new Date();
    await Promise.all([three.start(), three.start(), three.start()]);

    const schedules = await three.sql('select name, cron from pgboss.schedule');
    const struck = () =>
      three.sql(
        `select s.name, count(j.id)::int as times, bool_and(j.state = 'completed') as done
          from pgboss.schedule s left join pgboss.job j on j.name = s.name group by s.name`,
      );
    const rows = await until(struck, (all) => all.every(({ times, done }) => times > 0 && done));
    expect(rows).toHaveLength(schedules.length);
    for (const { name, cron } of schedules) {
      const times: number = rows.find((row) => row.name === name)?.times;
      const mostly = 1 + strikesSince(cron, began);
      expect({ name, isOnce: times >= 1 && times <= mostly }).toEqual({ name, isOnce: true });
    }
    expect(await eventsOf('license.expiring')).toBe(1);
    expect(await eventsOf('activation.released')).toBe(1);
    expect(await three.sql('select from signing_keys')).toHaveLength(2);
    const days = await three.sql(
      'select day, product, count(*)::int as times from license_days group by 1, 2',
    );
    expect(days.filter(({ times }) => times > 1)).toEqual([]);
  });
});
