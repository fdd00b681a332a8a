import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import type { Run } from '../../../src/database/statements.js';
import { loadLicenseFacts, saveCheckIn } from '../../built.ts';
import { factsQuery, REPORT, type Body } from './body.ts';

/** A phone-home: the facts, and where the lease is renewed the compare-and-set write. */
export function addCheckIns(app: FastifyInstance, run: Run): void {
  app.post<{ Body: Body }>('/facts', async (request, reply) => {
    const { license } = await loadLicenseFacts(run, factsQuery(request.body, new Date()));
    if (license === null) return reply.status(401).send({ valid: false });
    return reply.send({ valid: true, license });
  });

  app.post<{ Body: Body }>('/renew', async (request, reply) => {
    const now = new Date();
    const { license } = await loadLicenseFacts(run, factsQuery(request.body, now));
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
}
