import type { FastifyInstance } from 'fastify';
import type { Logger } from 'typeorm';
import type { Run } from '../../../src/database/statements.js';
import {
  createDataSource,
  findApiKey,
  LICENSES_SEARCHED,
  listLicenseIds,
  loadLicenseViews,
} from '../../built.ts';

interface Recorded {
  readonly text: string;
  readonly values: unknown[];
}

/** What TypeORM makes of the first page of the list: recorded once, so that the bare server needs no query builder. */
async function recordList(url: string): Promise<Recorded[]> {
  const dataSource = await createDataSource({ url, poolSize: 1 }).initialize();
  const recorded: Recorded[] = [];
  dataSource.logger = {
    logQuery: (text: string, values?: unknown[]) => void recorded.push({ text, values: values ?? [] }),
    logQueryError: () => undefined,
    logQuerySlow: () => undefined,
  } as unknown as Logger;
  try {
    const order = { field: 'created_at', direction: 'DESC' } as const;
    await listLicenseIds(dataSource.manager, { order, offset: 0, per_page: 50 }, {}, LICENSES_SEARCHED);
  } finally {
    await dataSource.destroy();
  }
  return recorded;
}

/** The first page of all licenses: who asks, the ids of the page, how many there are, and the rows. */
export async function addLicenseList(app: FastifyInstance, run: Run, url: string): Promise<void> {
  const [page, count] = await recordList(url);
  if (page === undefined || count === undefined) throw new Error('A list is a page and a count');
  app.get<{ Querystring: { key_hash: string } }>('/licenses', async (request, reply) => {
    await findApiKey(run, Buffer.from(request.query.key_hash, 'hex'));
    const { rows } = await run<Record<string, string>>({ name: 'page', text: page.text }, page.values);
    const total = await run({ name: 'count', text: count.text }, count.values);
    const ids = rows.map((row) => Object.values(row)[0] ?? '');
    return reply.send({ data: await loadLicenseViews(run, ids), total: total.rows });
  });
}
