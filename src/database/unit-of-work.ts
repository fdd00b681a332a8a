import { AsyncLocalStorage } from 'node:async_hooks';
import type { PoolClient } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';

export type Isolation = NonNullable<Parameters<EntityManager['transaction']>[0]> & string;

type Work<T> = (manager: EntityManager) => Promise<T>;

/** The one transaction in which a whole request runs. */
interface Unit {
  readonly manager: EntityManager;
  readonly client: PoolClient;
  readonly afterCommit: (() => Promise<void>)[];
}

const units = new AsyncLocalStorage<Unit | null>();

/** The connection that whatever runs now must use; null where nothing is joined. */
export const joinedClient = (): PoolClient | null => units.getStore()?.client ?? null;

/**
 * A DataSource whose transactions and manager join the unit of work around them, if there is one. A service opens its
 * transaction as ever and need not know that it is a savepoint of a larger one.
 */
export class JoiningDataSource extends DataSource {
  constructor(options: ConstructorParameters<typeof DataSource>[0]) {
    super(options);
    const own = this.manager;
    Object.defineProperty(this, 'manager', { get: () => units.getStore()?.manager ?? own });
  }

  // DataSource.transaction goes through `manager`, and so joins as well.
}

/**
 * Runs `work` as one transaction: all that it writes is there together or not at all, whatever transactions it opens
 * itself. A unit within a unit is a part of it.
 */
export async function asOneUnit<T>(dataSource: DataSource, work: Work<T>, isolation?: Isolation): Promise<T> {
  if (units.getStore()) return dataSource.transaction(work);
  const effects: Unit['afterCommit'] = [];
  const begin = async (manager: EntityManager) => {
    const client = (await manager.queryRunner?.connect()) as PoolClient;
    return units.run({ manager, client, afterCommit: effects }, () => work(manager));
  };
  const result = await (isolation === undefined
    ? dataSource.transaction(begin)
    : dataSource.transaction(isolation, begin));
  for (const effect of effects) await effect();
  return result;
}

/**
 * For what can't be taken back, such as deleting a file: runs once it is certain that the change is there. Where no unit
 * is open the caller's transaction has committed already, and it runs at once.
 */
export async function afterCommit(effect: () => Promise<void>): Promise<void> {
  const unit = units.getStore();
  if (unit) unit.afterCommit.push(effect);
  else await effect();
}

/** For what is shared by requests, or must stay whatever becomes of this one: on a connection of its own. */
export const independently = <T>(work: () => Promise<T>): Promise<T> => units.run(null, work);
