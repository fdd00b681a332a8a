import type { CustomerHoldings } from '../../database/customers.js';
import type { Customer } from '../../database/entities/index.js';
import {
  anyObject,
  id,
  instant,
  integer,
  nullable,
  optional,
  resource,
  text,
  type Wire,
} from '../../http/shapes.js';

export const CUSTOMER = resource('Customer', {
  id: id('Customer'),
  name: nullable(text({ example: 'Harbour Hosting' })),
  email: nullable(text({ example: 'licenses@harbour.example' })),
  metadata: anyObject({ example: { billing_id: 'H-17' } }),
  erased_at: nullable(
    instant({ description: 'From then on the customer names nobody; licenses and seats stay.' }),
    { example: null },
  ),
  created_at: instant(),
  updated_at: instant(),
  licenses: optional(integer({ example: 3, description: 'Told of a customer who is looked at alone.' })),
  seats: optional(integer({ example: 2, description: 'Those in use; told together with `licenses`.' })),
});

type CustomerBody = Wire<typeof CUSTOMER>;

export const customerBody = (customer: Customer): CustomerBody => ({
  id: customer.id,
  name: customer.name,
  email: customer.email,
  metadata: customer.metadata,
  erased_at: customer.erasedAt,
  created_at: customer.createdAt,
  updated_at: customer.updatedAt,
});

/** A customer who is looked at alone, with what there is of licenses. */
export interface CustomerView {
  readonly customer: Customer;
  readonly holdings: CustomerHoldings;
}

export const customerViewBody = ({ customer, holdings }: CustomerView): CustomerBody => ({
  ...customerBody(customer),
  licenses: holdings.licenses,
  seats: holdings.activeSeats,
});
