import { Sealer } from '../../src/admin/audit/sealer.js';
import type { TestApp } from './app.js';

/** Seals all there is, now instead of within a second. The service's own sealer may be at it: then its turn is awaited. */
export async function sealAll(app: TestApp): Promise<void> {
  const sealer = app.nest.get(Sealer, { strict: false });
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
