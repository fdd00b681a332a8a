import { randomBytes, randomUUID } from 'node:crypto';
import fastify from 'fastify';
import { Pool, type PoolClient } from 'pg';
import type { Run } from '../src/database/statements.js';
import { lastLeaseSequence, loadLicenseFacts, lockLicense, onPool, saveCheckIn, takeSeat } from './built.ts';

/**
 * The limit that the service is measured against: Fastify and pg alone, executing the statements of the same call with
 * what it is given. It validates nothing, hashes nothing, decides nothing and signs nothing.
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
const SILENT = { 'content-type': 'application/json; charset=utf-8' };

const query = (body: Body, now: Date) => ({
  by: { keyHash: Buffer.from(body.key_hash, 'hex') },
  hardwareId: body.hardware_id,
  precedence: body.version,
  now,
});

app.post<{ Body: Body }>('/validate', async (request, reply) => {
  const now = new Date();
  const { license } = await loadLicenseFacts(run, query(request.body, now));
  if (!license?.seat) throw new Error('No seat');
  await saveCheckIn(run, {
    seatId: license.seat.id,
    expectedLeaseId: license.seat.lease.id,
    now,
    report: REPORT,
    presentedLeaseId: null,
    lease: license.seat.lease,
    expectedPresentedLeaseId: license.seat.presentedLeaseId,
  });
  return reply.headers(SILENT).send({ valid: true, license });
});

const AUDIT = `with event as (
    insert into audit_events (id, occurred_at, actor_type, actor_id, action, subject_type, subject_id, details,
      request_id, personal_hash, mac)
    values ($1, $2, 'panel', $3, 'activation.created', 'activation', $4, '{}', null, $5, '') returning id
  ) insert into audit_personal (event_id, salt, data) select id, $6::bytea, $7::jsonb from event`;

const runOn =
  (client: PoolClient): Run =>
  async (statement, values) => {
    const { rows, rowCount } = await client.query({ ...statement, values });
    return { rows, rowCount: rowCount ?? 0 };
  };

app.post<{ Body: Body }>('/activate', async (request, reply) => {
  const now = new Date();
  const client = await pool.connect();
  try {
    const within = runOn(client);
    await client.query('START TRANSACTION');
    const by = { keyHash: Buffer.from(request.body.key_hash, 'hex') };
    await lockLicense(within, by);
    const { license } = await loadLicenseFacts(within, query(request.body, now));
    if (!license) throw new Error('No license');
    await lastLeaseSequence(within, license.id, request.body.hardware_id);
    const lease = {
      id: randomUUID(),
      kid: 'bench',
      seq: now.getTime(),
      issuedAt: now,
      refreshAfter: now,
      validUntil: now,
      graceUntil: now,
      digest: 'none',
    };
    const id = randomUUID();
    await takeSeat(within, {
      id,
      licenseId: license.id,
      hardwareId: request.body.hardware_id,
      now,
      report: REPORT,
      movedFromHardwareId: null,
      offlineUntil: null,
      lease,
    });
    await client.query({
      name: 'audit',
      text: AUDIT,
      values: [randomUUID(), now, license.id, id, 'hash', randomBytes(16), '{}'],
    });
    await client.query('COMMIT');
    return reply.status(201).headers(SILENT).send({ valid: true, license });
  } finally {
    client.release();
  }
});

await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
process.stdout.write(`(listening on 127.0.0.1:${typeof address === 'object' ? address?.port : ''})\n`);

// The benchmark holds the other end of standard input: when it is killed, this must not stay behind.
process.stdin.resume().on('end', () => process.exit());
