import { LICENSE_FIELDS, licenseBody } from '../../access/license-body.js';
import type { LicenseView } from '../../database/license-views.js';
import type { RawLicenseKey } from '../../domain/license-key.js';
import { EXAMPLE_LICENSE_KEY } from '../../http/examples.js';
import { resource, text, type Wire } from '../../http/shapes.js';
import type { CreateLicense } from './licenses.dto.js';

/** A license with the key that nobody can read again. */
export interface IssuedLicense {
  readonly license: LicenseView;
  readonly key: RawLicenseKey;
}

/** With the key itself, which nobody can read again. */
export const ISSUED_LICENSE = resource('IssuedLicense', {
  ...LICENSE_FIELDS,
  key: text({ example: EXAMPLE_LICENSE_KEY, description: 'The whole key, this once.' }),
});

export const issuedBody = ({ license, key }: IssuedLicense): Wire<typeof ISSUED_LICENSE> => ({
  ...licenseBody(license),
  key,
});

/** One license, or an array where a quantity was asked for: of one, too, so that a program reads one shape. */
export function createdBody({ quantity }: Pick<CreateLicense, 'quantity'>, issued: readonly IssuedLicense[]) {
  const bodies = issued.map(issuedBody);
  return quantity === undefined ? bodies[0] : bodies;
}
