import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
      'clean-up',
      'expiry-notices',
      'key-rotation',
      'license-day',
      'seat-release',
      'webhook-retention',
    ]);
  });
});
