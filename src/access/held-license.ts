import type { DataSource, EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { License } from '../database/entities/index.js';
import { lockLicense } from '../database/seat-facts.js';
import { inTransaction, type Run } from '../database/statements.js';
import type { Actor } from '../domain/actor.js';
import { notFound } from '../http/errors.js';

/** A license under its lock: until the commit nothing else changes it or its seats. */
export interface HeldLicense {
  readonly license: License;
  readonly manager: EntityManager;
  readonly run: Run;
}

/** Who changes it, and when. */
export interface ChangedBy {
  readonly actor: Actor;
  readonly now: Date;
}

/**
 * Runs `work` in a transaction that holds the license row; `before` takes locks that others take before that one.
 * @throws 404 for no such license, and for an id that is none
 */
export function holdLicense<T>(
  dataSource: DataSource,
  id: string,
  work: (held: HeldLicense) => Promise<T>,
  before?: (manager: EntityManager) => Promise<void>,
): Promise<T> {
  return dataSource.transaction(async (manager) => {
    await before?.(manager);
    const run = await inTransaction(manager);
    if (!isUuid(id) || !(await lockLicense(run, { licenseId: id }))) throw notFound('License');
    return work({ license: await manager.findOneByOrFail(License, { id }), manager, run });
  });
}
