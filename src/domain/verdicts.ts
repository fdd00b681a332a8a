/**
 * The verdict table: every refusal of the license plane, in the order in which the rules are tried.
 * Order is policy: the first rule that fails is the answer.
 */
export const VERDICTS = {
  INVALID_KEY: { rule: 1, status: 401, error: 'Invalid license key' },
  REVOKED: { rule: 2, status: 403, error: 'License has been revoked' },
  SUSPENDED: { rule: 3, status: 403, error: 'License is suspended' },
  EXPIRED: { rule: 4, status: 403, error: 'License has expired' },
  VERSION_TOO_LOW: { rule: 5, status: 403, error: 'Version is below the minimum supported version' },
  UPDATES_EXPIRED: { rule: 6, status: 403, error: 'Version is not covered by this license' },
  HARDWARE_MISMATCH: { rule: 7, status: 403, error: 'Hardware is not activated for this license' },
  MAX_ACTIVATIONS: { rule: 8, status: 403, error: 'Maximum number of activations reached' },
} as const satisfies Record<string, { rule: number; status: 401 | 403; error: string }>;

export type LicenseCode = keyof typeof VERDICTS;

/** What a call is answered: `VALID`, or the code of the first rule that failed. */
export type VerdictCode = 'VALID' | LicenseCode;

/** What is asked of a license. `update` is check-update and token, `install` a token for a panel that is not there yet. */
export type LicenseAction = 'activate' | 'validate' | 'deactivate' | 'rebind' | 'update' | 'install';

const EVERY_RULE = [
  'INVALID_KEY',
  'REVOKED',
  'SUSPENDED',
  'EXPIRED',
  'VERSION_TOO_LOW',
  'UPDATES_EXPIRED',
  'HARDWARE_MISMATCH',
  'MAX_ACTIVATIONS',
] as const satisfies readonly LicenseCode[];

/**
 * The rules each action uses, in order. Deactivate looks at 1, 2 and 7 only, so that an expired or suspended
 * panel can still give its seat back; updates skip the version rules, for an update is the way back above a floor.
 */
export const RULES_OF = {
  activate: EVERY_RULE,
  validate: [
    'INVALID_KEY',
    'REVOKED',
    'SUSPENDED',
    'EXPIRED',
    'VERSION_TOO_LOW',
    'UPDATES_EXPIRED',
    'HARDWARE_MISMATCH',
  ],
  deactivate: ['INVALID_KEY', 'REVOKED', 'HARDWARE_MISMATCH'],
  rebind: EVERY_RULE,
  update: ['INVALID_KEY', 'REVOKED', 'SUSPENDED', 'EXPIRED', 'HARDWARE_MISMATCH'],
  install: ['INVALID_KEY', 'REVOKED', 'SUSPENDED', 'EXPIRED'],
} as const satisfies Record<LicenseAction, readonly LicenseCode[]>;
