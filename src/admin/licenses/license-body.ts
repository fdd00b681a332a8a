import type { LicenseView } from '../../database/license-views.js';
import type { RawLicenseKey } from '../../domain/license-key.js';
import type { CreateLicense } from './licenses.dto.js';

/** A license with the key that nobody can read again. */
export interface IssuedLicense {
  readonly license: LicenseView;
  readonly key: RawLicenseKey;
}

export const licenseBody = (license: LicenseView) => ({
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

export const issuedBody = ({ license, key }: IssuedLicense) => ({ ...licenseBody(license), key });

/** One license, or an array where a quantity was asked for: of one, too, so that a program reads one shape. */
export function createdBody({ quantity }: Pick<CreateLicense, 'quantity'>, issued: readonly IssuedLicense[]) {
  const bodies = issued.map(issuedBody);
  return quantity === undefined ? bodies[0] : bodies;
}
