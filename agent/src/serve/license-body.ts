import type { Status } from '../status.js';

/** What the panel is shown of its license. Limits come first, so that no counter can pass for a field. */
export function licenseBody(status: Status) {
  const { license } = status;
  return {
    license: {
      ...license?.limits,
      key: license?.key ?? null,
      product: license?.product ?? null,
      tier: license?.tier ?? null,
      state: status.state,
      code: status.code,
      message: status.message,
      is_valid: status.is_valid,
      has_license_file: status.has_license_file,
      needs_refresh: status.needs_refresh,
      limits: license?.limits ?? {},
      features: license?.features ?? [],
      expires_at: license?.expires_at ?? null,
      updates_until: license?.updates_until ?? null,
      valid_until: status.valid_until,
      grace_until: status.grace_until,
      refresh_after: status.refresh_after,
      last_checked: status.last_checked,
      hardware_id: status.hardware_id,
    },
    usage: status.usage,
    warnings: status.warnings,
  };
}
