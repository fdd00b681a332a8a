import type { FastifyInstance } from 'fastify';
import type { Pool, PoolClient } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Run } from '../../../src/database/statements.js';
import { loadLicenseFacts, lockLicense } from '../../built.ts';
import { recordActivation, SAMPLE, takeFreeSeat, type Recorded } from '../activation.ts';
import { factsQuery, type Body } from './body.ts';

const runOn =
  (client: PoolClient): Run =>
  async (statement, values) => {
    const { rows, rowCount } = await client.query({ ...statement, values });
    return { rows, rowCount: rowCount ?? 0 };
  };

/** The recorded audit event with ids of its own: what else stands in it takes the database the same time. */
function auditOf(recorded: Recorded, seat: string): Recorded {
  const values = recorded.values.map((value) =>
    Array.isArray(value) && value[0] === SAMPLE.seat ? [seat] : value,
  );
  values[0] = [uuidv7()];
  return { ...recorded, values };
}

async function takeOne(run: Run, body: Body) {
  const now = new Date();
  const facts = factsQuery(body, now);
  await lockLicense(run, facts.by);
  const { license } = await loadLicenseFacts(run, facts);
  if (!license) throw new Error('No license');
  const id = uuidv7();
  await takeFreeSeat(
    run,
    { seat: id, license: license.id, hardware: body.hardware_id, lease: uuidv7() },
    now,
  );
  return { id, license };
}

/** An activation: one transaction that holds the license row. */
export async function addActivation(app: FastifyInstance, pool: Pool): Promise<void> {
  const audit = (await recordActivation(pool)).at(-1) as Recorded;
  app.post<{ Body: Body }>('/activate', async (request, reply) => {
    const client = await pool.connect();
    try {
      await client.query('START TRANSACTION');
      const { id, license } = await takeOne(runOn(client), request.body);
      await client.query(auditOf(audit, id));
      await client.query('COMMIT');
      return await reply.status(201).send({ valid: true, license });
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  });
}
