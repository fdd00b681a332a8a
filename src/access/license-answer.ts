import type { LicenseRecord } from '../database/license-facts.js';
import { versionFloor } from '../domain/license-policy.js';
import type { LicenseCode } from '../domain/verdicts.js';
import { LicenseRefusal } from '../http/errors.js';

/** The license as a panel is told of it, over the wire or in a lease file. */
export const licenseBody = (license: LicenseRecord) => ({
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
