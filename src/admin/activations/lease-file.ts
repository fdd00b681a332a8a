import { ACTIVATION_FIELDS, activationBody } from '../../access/activation-body.js';
import { CHECK_IN, JWK_SET, licenseBody, PANEL_LICENSE } from '../../access/license-answer.js';
import type { Activation } from '../../database/entities/index.js';
import type { LicenseRecord } from '../../database/license-facts.js';
import { integer, jws, object, resource, type Wire } from '../../http/shapes.js';
import type { JwkSet } from '../../signing/key-rules.js';

/** The seats that were freed. */
export const RESET = object({ released: integer() });

/** What is carried to a panel that can't phone home. */
export interface LeaseFile {
  readonly license: LicenseRecord;
  readonly seat: Activation;
  readonly lease: string;
  readonly jwks: JwkSet;
}

export const LEASE_FILE = resource('LeaseFile', {
  license: PANEL_LICENSE,
  activation: resource('OfflineActivation', ACTIVATION_FIELDS),
  check_in: CHECK_IN,
  lease: jws('mooring-lease+jwt', 'What the panel works on.'),
  jwks: JWK_SET,
});

/**
 * What activate answers to a panel that asks itself, and the keys to check the lease by: the file is whole, so that it
 * can be carried in by hand and trusted through the key that the panel has pinned.
 */
export function leaseFileBody({ license, seat, lease, jwks }: LeaseFile): Wire<typeof LEASE_FILE> {
  const { check_in, ...activation } = activationBody(seat);
  return {
    license: licenseBody(license),
    activation,
    check_in,
    lease,
    jwks,
  };
}
