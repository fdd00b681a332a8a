import type { EntityManager } from 'typeorm';
import { inTransaction, type Run, type Statement } from './statements.js';

const HOLD_LIVING: Statement = {
  name: 'hold-living-customer',
  text: 'select id from customers where id = $1 and erased_at is null for share',
};

/**
 * Whether something may be given to that customer: false for none, and for one who has been erased. True holds until the
 * commit: neither an erasure nor a deletion comes in between. Take it before the lock of the license or the user, which is
 * the order in which an erasure takes them.
 */
export async function holdLivingCustomer(manager: EntityManager, id: string): Promise<boolean> {
  const run = await inTransaction(manager);
  return (await run(HOLD_LIVING, [id])).rowCount === 1;
}

/** How much a customer has. */
export interface CustomerHoldings {
  readonly licenses: number;
  readonly activeSeats: number;
}

const HOLDINGS: Statement = {
  name: 'customer-holdings',
  text: `select
      (select count(*) from licenses where customer_id = $1)::int as licenses,
      (select count(*) from licenses l join activations a on a.license_id = l.id and a.released_at is null
        where l.customer_id = $1)::int as "activeSeats"`,
};

export async function loadHoldings(run: Run, customerId: string): Promise<CustomerHoldings> {
  const { rows } = await run<CustomerHoldings>(HOLDINGS, [customerId]);
  if (rows[0] === undefined) throw new Error('Counts answer one row');
  return rows[0];
}
