import type { LicenseRecord } from '../database/license-facts.js';
import { versionFloor } from '../domain/license-policy.js';
import type { LicenseCode } from '../domain/verdicts.js';
import { LicenseRefusal } from '../http/errors.js';
import { EXAMPLE_LICENSE_HINT } from '../http/examples.js';
import {
  always,
  choice,
  counters,
  id,
  instant,
  integer,
  list,
  nullable,
  object,
  resource,
  jws,
  text,
  type Shape,
  type Wire,
} from '../http/shapes.js';
import type { JwkSet } from '../signing/key-rules.js';

/** What a license tells of itself to those who hold it: panels and customers. */
export const HELD_LICENSE_FIELDS = {
  id: id('License'),
  key: text({ example: EXAMPLE_LICENSE_HINT, description: 'Masked.' }),
  product: text({ example: 'panel' }),
  tier: text({ example: 'pro', description: 'The code of the policy.' }),
  status: choice(['active', 'suspended', 'revoked']),
  limits: counters({ description: '−1 is unlimited.' }),
  features: list(text({ example: 'backup' })),
  max_activations: integer({ example: 3 }),
  activations: integer({ description: 'Seats in use.' }),
  expires_at: nullable(instant({ example: '2027-03-01T09:00:00.000Z' })),
  updates_until: nullable(instant({ example: '2027-03-01T09:00:00.000Z' })),
};

/** The license as a panel is told of it. */
export const PANEL_LICENSE = resource('PanelLicense', HELD_LICENSE_FIELDS);

/** When a panel asks again, and how long it works without an answer. */
export const CHECK_IN = resource('CheckIn', {
  refresh_after: instant({ example: '2026-03-02T09:00:00Z' }),
  valid_until: instant({ example: '2026-03-04T09:00:00Z' }),
  grace_until: instant({ example: '2026-03-15T09:00:00Z' }),
});

const JWK = object({
  kty: always('OKP'),
  crv: always('Ed25519'),
  x: text({ example: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', description: 'The public key.' }),
  kid: text({ example: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k' }),
  alg: always('EdDSA'),
  use: always('sig'),
  endorsements: list(jws('mooring-key+jwt', 'Made by an earlier key over the thumbprint of this one.')),
});

/** The signing keys as JOSE libraries read them. */
export const JWK_SET: Shape<JwkSet> = resource('JwkSet', { keys: list(JWK) });

/** The license as a panel is told of it, over the wire or in a lease file. */
export const licenseBody = (license: LicenseRecord): Wire<typeof PANEL_LICENSE> => ({
  id: license.id,
  key: license.keyHint,
  product: license.product,
  tier: license.tier,
  status: license.status,
  limits: license.limits,
  features: license.features,
  max_activations: license.maxActivations,
  activations: license.activeSeats,
  expires_at: license.expiresAt,
  updates_until: license.updatesUntil,
});

/** The refusal of a code; one for its version names the floor. `license` is null for an unknown key. */
export function licenseRefusal(
  code: LicenseCode,
  license: LicenseRecord | null,
  extra: Readonly<Record<string, unknown>> = {},
): LicenseRefusal {
  const floor = license && versionFloor(license);
  const details = { version: [`The version field must be at least ${floor}.`] };
  return new LicenseRefusal(code, { ...(code === 'VERSION_TOO_LOW' && { details }), extra });
}
