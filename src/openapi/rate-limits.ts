import { LIMITS, type LimitName } from '../http/limits/limits.js';
import type { Call } from './call.js';

const BY_LICENSE = ['licenseAddress', 'licenseKey', 'unknownKeys'] as const;

/** By the first segment of the path; on the admin plane one of them, by the credential. */
const COUNTED_BY: Readonly<Record<string, readonly LimitName[]>> = {
  license: BY_LICENSE,
  download: BY_LICENSE,
  admin: ['adminKey', 'adminSession', 'adminAddress'],
  auth: ['authAddress', 'failedLogins'],
  portal: ['portalAddress'],
};

/** What a limit counts, where that is not every call. */
const COUNTS: Readonly<Partial<Record<LimitName, string>>> = {
  adminKey: 'calls with an API key, which may have a limit of its own',
  adminSession: 'calls with a session',
  adminAddress: 'calls without a good credential',
  failedLogins: 'wrong passwords and codes',
  unknownKeys: 'license keys that there are not',
};

/** Files and signing keys are limited by address alone, and a guess is where a password is asked for. */
function isCounted(name: LimitName, { takesJson, facts }: Call): boolean {
  if (name === 'licenseKey' || name === 'unknownKeys') return takesJson;
  return name !== 'failedLogins' || (facts?.asksPassword ?? false);
}

/** What a call is counted by, and the setting that says how many there may be. */
export function rateLimitsOf(call: Call): object[] {
  const names = COUNTED_BY[call.countedAs ?? ''] ?? [];
  return names
    .filter((name) => isCounted(name, call))
    .map((name) => {
      const { by, setting, windowSeconds } = LIMITS[name];
      return { by, counts: COUNTS[name] ?? 'calls', setting, window_seconds: windowSeconds };
    });
}
