import { Sealer } from '../../src/admin/audit/sealer.js';
import { JobQueue } from '../../src/jobs/job-queue.js';
import { Ticker } from '../../src/jobs/ticker.js';
import { Pepper } from '../../src/signing/data-keys.js';
import type { TestApp } from './app.js';

/** The sealer of a node that has just started, and has seen nothing of the chain yet. */
export const restartedSealer = ({ nest, dataSource, clock }: TestApp): Sealer =>
  new Sealer(dataSource, nest.get(Pepper), clock, nest.get(Ticker), nest.get(JobQueue));

/** Seals all there is, now instead of within a second. The service's own sealer may be at it: then its turn is awaited. */
export async function sealAll(app: TestApp, sealer = app.nest.get(Sealer, { strict: false })): Promise<void> {
  for (;;) {
    await sealer.seal();
    const [{ waiting }] = (await app.sql('select count(*)::int as waiting from audit_unsealed')) as [any];
    if (waiting === 0) return;
  }
}

/** Runs SQL as somebody would who owns the tables and wants no trace: without triggers and foreign keys. */
export async function tamper(app: TestApp, text: string, values: unknown[] = []): Promise<void> {
  await app.dataSource.transaction(async (manager) => {
    await manager.query(`set local session_replication_role = 'replica'`);
    await manager.query(text, values);
  });
}
