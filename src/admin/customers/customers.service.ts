import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../clock.js';
import { eraseCustomerEvents } from '../../database/customer-erasure.js';
import { loadHoldings } from '../../database/customers.js';
import { poolOf } from '../../database/data-source.js';
import { Customer } from '../../database/entities/index.js';
import { ReadReplica } from '../../database/read-replica.js';
import { inTransaction, onPool, type Run } from '../../database/statements.js';
import type { Actor } from '../../domain/actor.js';
import { conflict } from '../../http/errors.js';
import { Records, type RecordKind } from '../records.js';
import { customerBody, type CustomerView } from './customer-body.js';
import type { CreateCustomer, CUSTOMERS_SORTED, CustomersQuery, UpdateCustomer } from './customers.dto.js';

const CUSTOMERS: RecordKind<Customer> = {
  entity: Customer,
  subject: 'customer',
  name: 'Customer',
  // Nothing else of a customer names nobody.
  identity: () => ({}),
  personal: ['name', 'email'],
  withheld: ['metadata'],
  customerOf: ({ id }) => id,
  toldAs: customerBody,
  conflicts: {
    licenses_customer_id_fkey: () => conflict('The customer still has licenses.'),
    users_customer_id_fkey: () => conflict('The customer still has users.'),
  },
};

const SORTED = {
  created_at: 'record.createdAt',
  updated_at: 'record.updatedAt',
  name: 'record.name',
  email: 'record.email',
} as const satisfies Record<(typeof CUSTOMERS_SORTED)[number], string>;

/** Who licenses are sold to. */
@Injectable()
export class CustomersService {
  private readonly records: Records<Customer>;
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly clock: Clock,
  ) {
    this.records = new Records(dataSource, CUSTOMERS);
    this.pool = onPool(poolOf(dataSource));
  }

  list(query: CustomersQuery): Promise<[Customer[], number]> {
    return this.records.list(this.replica, query, {
      searched: ['record.name', 'record.email', 'record.id::text'],
      sorted: SORTED,
      filtered: { 'lower(record.email)': query.email?.toLowerCase() },
    });
  }

  /** @throws 404 */
  async get(id: string): Promise<CustomerView> {
    const customer = await this.records.get(id);
    return { customer, holdings: await loadHoldings(this.pool, customer.id) };
  }

  create(body: CreateCustomer, actor: Actor): Promise<Customer> {
    const now = this.clock.now();
    const row = {
      id: uuidv7(),
      name: body.name,
      email: body.email ?? null,
      metadata: body.metadata ?? {},
      erasedAt: null,
      createdAt: now,
      updatedAt: now,
    };
    return this.records.insert(row, { actor, now });
  }

  /** @throws 409 for an erased customer: nothing that names a person goes back into its record */
  update(id: string, body: UpdateCustomer, actor: Actor): Promise<Customer> {
    const changesOf = ({ erasedAt }: Customer) => {
      if (erasedAt !== null) throw conflict('The customer has been erased.');
      return { name: body.name, email: body.email, metadata: body.metadata };
    };
    return this.records.update(id, changesOf, { actor, now: this.clock.now() });
  }

  /** What events say of it goes with it, for an erasure would no longer find it. @throws 409 while it has licenses or users */
  remove(id: string, actor: Actor): Promise<void> {
    const change = { actor, now: this.clock.now() };
    return this.records.remove(id, change, async (manager) =>
      eraseCustomerEvents(await inTransaction(manager), id),
    );
  }
}
