import type { Pool, PoolClient, QueryConfig } from 'pg';
import type { EntityManager } from 'typeorm';
import {
  activationEvent,
  authenticateAudit,
  lastLeaseSequence,
  loadLicenseFacts,
  lockLicense,
  recordAudit,
  takeSeat,
} from '../built.ts';
import { licenseId, newHardwareId, VERSION } from '../data-set.ts';

/** A statement as it went to the database. */
export type Recorded = Required<Pick<QueryConfig<unknown[]>, 'name' | 'text' | 'values'>>;

const SEAT = '01900000-0000-7000-9100-000000000000';
const LEASE = '01900000-0000-7000-9200-000000000000';

/** What differs from one activation to the next, in the order in which it is looked for. */
export const SAMPLE = {
  license: licenseId(0),
  seat: SEAT,
  lease: LEASE,
  hardware: newHardwareId(0),
} as const;

/** A lease as it is stored; what it says takes the database the same time. */
const leaseOf = (id: string, now: Date) => ({
  id,
  kid: 'bench',
  seq: now.getTime(),
  issuedAt: now,
  refreshAfter: now,
  validUntil: now,
  graceUntil: now,
  digest: 'ab'.repeat(32),
});

const ADDRESS = '127.0.0.1';

/**
 * The transaction of an activation as the service makes it, statement by statement: recorded from its own functions, and
 * rolled back. What it decides, signs and hashes in between is not among them.
 */
export async function recordActivation(pool: Pool): Promise<Recorded[]> {
  const client = await pool.connect();
  const recorded: Recorded[] = [];
  const tee = {
    query: (statement: Recorded) => {
      recorded.push(statement);
      return client.query(statement);
    },
  } as unknown as PoolClient;
  const run: Parameters<typeof takeSeat>[0] = async ({ name, text }, values) => {
    const { rows, rowCount } = await tee.query({ name, text, values });
    return { rows, rowCount: rowCount ?? 0 };
  };
  const dataSource = {} as EntityManager['dataSource'];
  authenticateAudit(dataSource, () => Buffer.alloc(32));
  const manager = {
    dataSource,
    queryRunner: { isTransactionActive: true, connect: async () => tee },
  } as unknown as EntityManager;
  try {
    await client.query('begin');
    await activate(run, manager);
  } finally {
    await client.query('rollback');
    client.release();
  }
  return recorded;
}

/** A new seat with its lease, once it is decided. */
export async function takeFreeSeat(
  run: Parameters<typeof takeSeat>[0],
  { seat, license, hardware, lease }: Readonly<Record<keyof typeof SAMPLE, string>>,
  now: Date,
) {
  await lastLeaseSequence(run, license, hardware);
  return takeSeat(run, {
    id: seat,
    licenseId: license,
    hardwareId: hardware,
    now,
    report: { version: VERSION, hostname: null, platform: null, arch: null, usage: null, address: ADDRESS },
    movedFromHardwareId: null,
    offlineUntil: null,
    lease: leaseOf(lease, now),
  });
}

async function activate(run: Parameters<typeof takeSeat>[0], manager: EntityManager): Promise<void> {
  const now = new Date();
  const by = { licenseId: SAMPLE.license };
  await lockLicense(run, by);
  await loadLicenseFacts(run, { by, hardwareId: SAMPLE.hardware, precedence: VERSION, now });
  const taken = await takeFreeSeat(run, SAMPLE, now);
  await recordAudit(
    manager,
    { type: 'panel', id: SAMPLE.license, address: ADDRESS, requestId: 'bench' },
    now,
    {
      action: 'activation.created',
      subjectType: 'activation',
      subjectId: SAMPLE.seat,
      customerId: null,
      details: { license_id: SAMPLE.license, hardware_id: SAMPLE.hardware, version: VERSION },
      personal: { hostname: null },
      event: { data: activationEvent(taken) },
    },
  );
}
