import fastify from 'fastify';
import { Pool, type PoolClient } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Run } from '../../src/database/statements.js';
import { lastLeaseSequence, loadLicenseFacts, lockLicense, onPool, saveCheckIn, takeSeat } from '../built.ts';
import { recordActivation, SAMPLE, type Recorded } from './activation.ts';

/**
 * The limit that the service is measured against: Fastify and pg alone, executing the statements of the same call with
 * what it is given, each by itself. It validates nothing, hashes nothing, decides nothing and signs nothing.
 */
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL_SIZE) });
const run = onPool(pool);
const app = fastify();

interface Body {
  key_hash: string;
  hardware_id: string;
  version: string;
}

const REPORT = {
  version: '1.0.0',
  hostname: null,
  platform: null,
  arch: null,
  usage: null,
  address: '127.0.0.1',
};

const query = (body: Body, now: Date) => ({
  by: { keyHash: Buffer.from(body.key_hash, 'hex') },
  hardwareId: body.hardware_id,
  precedence: body.version,
  now,
});

app.post<{ Body: Body }>('/facts', async (request, reply) => {
  const { license } = await loadLicenseFacts(run, query(request.body, new Date()));
  if (license === null) return reply.status(401).send({ valid: false });
  return { valid: true, license };
});

app.post<{ Body: Body }>('/renew', async (request, reply) => {
  const now = new Date();
  const { license } = await loadLicenseFacts(run, query(request.body, now));
  if (!license?.seat) throw new Error('No seat');
  const { seat } = license;
  const saved = await saveCheckIn(run, {
    seatId: seat.id,
    expectedLeaseId: seat.lease.id,
    now,
    report: REPORT,
    presentedLeaseId: null,
    lease: { ...seat.lease, id: uuidv7(), issuedAt: now, seq: now.getTime() },
    expectedPresentedLeaseId: seat.presentedLeaseId,
  });
  if (!saved) throw new Error('Renewed by another');
  return reply.send({ valid: true, license });
});

const runOn =
  (client: PoolClient): Run =>
  async (statement, values) => {
    const { rows, rowCount } = await client.query({ ...statement, values });
    return { rows, rowCount: rowCount ?? 0 };
  };

const recorded = await recordActivation(pool);
const audit = recorded.at(-1) as Recorded;

/** The recorded audit event with ids of its own: what else stands in it takes the database the same time. */
function auditOf(seat: string): Recorded {
  const values = audit.values.map((value) =>
    Array.isArray(value) && value[0] === SAMPLE.seat ? [seat] : value,
  );
  values[0] = [uuidv7()];
  return { ...audit, values };
}

app.post<{ Body: Body }>('/activate', async (request, reply) => {
  const now = new Date();
  const client = await pool.connect();
  try {
    const within = runOn(client);
    await client.query('START TRANSACTION');
    const facts = query(request.body, now);
    await lockLicense(within, facts.by);
    const { license } = await loadLicenseFacts(within, facts);
    if (!license) throw new Error('No license');
    await lastLeaseSequence(within, license.id, request.body.hardware_id);
    const id = uuidv7();
    await takeSeat(within, {
      id,
      licenseId: license.id,
      hardwareId: request.body.hardware_id,
      now,
      report: REPORT,
      movedFromHardwareId: null,
      offlineUntil: null,
      lease: {
        id: uuidv7(),
        kid: 'bench',
        seq: now.getTime(),
        issuedAt: now,
        refreshAfter: now,
        validUntil: now,
        graceUntil: now,
        digest: 'ab'.repeat(32),
      },
    });
    await client.query(auditOf(id));
    await client.query('COMMIT');
    return await reply.status(201).send({ valid: true, license });
  } finally {
    client.release();
  }
});

await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
process.stdout.write(`(listening on 127.0.0.1:${typeof address === 'object' ? address?.port : ''})\n`);

// The benchmark holds the other end of standard input: when it is killed, this must not stay behind.
process.stdin.resume().on('end', () => process.exit());
