import { ACTIVATION_FIELDS } from '../../access/activation-body.js';
import { LICENSE } from '../../access/license-body.js';
import type { CustomerHoldings } from '../../database/customers.js';
import type { Customer } from '../../database/entities/index.js';
import {
  anyObject,
  choice,
  flag,
  hardwareIdShape,
  id,
  instant,
  integer,
  list,
  nullable,
  object,
  optional,
  resource,
  text,
  type Wire,
} from '../../http/shapes.js';
import { AUDIT_EVENT } from '../audit/audit-body.js';

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

/** The document of an export. */
export const CUSTOMER_EXPORT = resource('CustomerExport', {
  exported_at: instant(),
  customer: CUSTOMER,
  users: list(
    object({
      id: id('User'),
      username: text({ example: 'harbour' }),
      email: text({ example: 'anna@harbour.example' }),
      role: choice(['customer']),
      status: choice(['active', 'suspended']),
      two_factor: flag(),
      created_at: instant(),
      updated_at: instant(),
    }),
  ),
  sessions: list(
    object({
      id: id('Session'),
      user_id: id('User'),
      origin: choice(['password', 'sso']),
      address: nullable(text({ example: '192.0.2.7' })),
      user_agent: nullable(text({ example: 'Mozilla/5.0' })),
      created_at: instant(),
      last_seen_at: instant(),
      expires_at: instant(),
    }),
  ),
  licenses: list(LICENSE),
  activations: list(object({ license_id: id('License'), ...ACTIVATION_FIELDS })),
  moves: list(
    object({
      id: id('Rebind'),
      license_id: id('License'),
      from_hardware_id: hardwareIdShape(),
      to_hardware_id: hardwareIdShape(),
      moved_at: instant(),
    }),
  ),
  audit_events: list(AUDIT_EVENT),
});
