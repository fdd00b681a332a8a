import type { LicenseView } from '../database/license-views.js';
import { EXAMPLE_LICENSE_HINT } from '../http/examples.js';
import {
  anyObject,
  choice,
  counters,
  id,
  instant,
  integer,
  list,
  nullable,
  resource,
  text,
  version,
  type Wire,
} from '../http/shapes.js';

export const LICENSE_FIELDS = {
  id: id('License'),
  key: text({ example: EXAMPLE_LICENSE_HINT, description: 'Masked.' }),
  product: text({ example: 'panel', description: 'The code of the product.' }),
  policy: text({ example: 'pro', description: 'The code of the policy.' }),
  customer_id: nullable(id('Customer'), { example: null }),
  status: choice(['active', 'suspended', 'revoked']),
  status_reason: nullable(text({ example: 'Charged back' }), { example: null }),
  max_activations: integer({ example: 3 }),
  activations: integer({ description: 'Seats in use.' }),
  expires_at: nullable(instant({ example: '2027-03-01T09:00:00.000Z' })),
  updates_until: nullable(instant({ example: '2027-03-01T09:00:00.000Z' })),
  minimum_version: nullable(version(), { example: null }),
  limits: counters({ description: '−1 is unlimited.' }),
  features: list(text({ example: 'backup' })),
  metadata: anyObject({ example: { order: 1042 }, description: 'Anything of the vendor’s own.' }),
  created_at: instant(),
  updated_at: instant(),
};

export const LICENSE = resource('License', LICENSE_FIELDS);

/** A license as admins see it, and receivers of webhooks. */
export const licenseBody = (license: LicenseView): Wire<typeof LICENSE> => ({
  id: license.id,
  key: license.keyHint,
  product: license.product,
  policy: license.policy,
  customer_id: license.customerId,
  status: license.status,
  status_reason: license.statusReason,
  max_activations: license.maxActivations,
  activations: license.activeSeats,
  expires_at: license.expiresAt,
  updates_until: license.updatesUntil,
  minimum_version: license.minimumVersion,
  limits: license.limits,
  features: license.features,
  metadata: license.metadata,
  created_at: license.createdAt,
  updated_at: license.updatedAt,
});
