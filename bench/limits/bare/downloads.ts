import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Run } from '../../../src/database/statements.js';
import { insertDownloadToken, loadChangelog, loadLicenseFacts, loadReleases } from '../../built.ts';
import { factsQuery, type Body } from './body.ts';

const LIVES_MS = 900_000;

/** What a panel may update to, and the right to fetch it. */
export function addDownloads(app: FastifyInstance, run: Run): void {
  const look = async (body: Body, now: Date) => {
    const { license } = await loadLicenseFacts(run, factsQuery(body, now, null));
    if (license === null) throw new Error('No license');
    const releases = await loadReleases(run, {
      product: license.product,
      precedence: null,
      from: body.version,
    });
    const [newest] = releases;
    if (newest === undefined) throw new Error('No release');
    return { license, newest };
  };

  app.post<{ Body: Body }>('/check-update', async (request, reply) => {
    const { newest } = await look(request.body, new Date());
    return reply.send({ newest, changelog: await loadChangelog(run, newest.id) });
  });

  app.post<{ Body: Body }>('/token', async (request, reply) => {
    const now = new Date();
    const { license, newest } = await look(request.body, now);
    const isStored = await insertDownloadToken(run, {
      hash: randomBytes(32),
      licenseId: license.id,
      artifactId: newest.artifacts[0]?.id ?? '',
      activationId: license.seat?.id ?? null,
      now,
      expiresAt: new Date(now.getTime() + LIVES_MS),
    });
    if (!isStored) throw new Error('No license');
    return reply.status(201).send({ newest });
  });
}
