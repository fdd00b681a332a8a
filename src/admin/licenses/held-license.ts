import type { DataSource, EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { License } from '../../database/entities/index.js';
import { lockLicense } from '../../database/seat-facts.js';
import { inTransaction, type Run } from '../../database/statements.js';
import { notFound } from '../../http/errors.js';

/** A license under its lock: until the commit nothing else changes it or its seats. */
export interface HeldLicense {
  readonly license: License;
  readonly manager: EntityManager;
  readonly run: Run;
}

/**
 * Runs `work` in a transaction that holds the license row.
 * @throws 404 for no such license, and for an id that is none
 */
export function holdLicense<T>(
  dataSource: DataSource,
  id: string,
  work: (held: HeldLicense) => Promise<T>,
): Promise<T> {
  return dataSource.transaction(async (manager) => {
    const run = await inTransaction(manager);
    if (!isUuid(id) || !(await lockLicense(run, { licenseId: id }))) throw notFound('License');
    return work({ license: await manager.findOneByOrFail(License, { id }), manager, run });
  });
}
