import { LIMITS, type LimitName } from '../http/limits/limits.js';
import type { Call } from './call.js';

/** By the first segment of the path; on the admin plane one of them, by the credential. */
const COUNTED_BY: Readonly<Record<string, readonly LimitName[]>> = {
  license: ['licenseAddress', 'licenseKey', 'unknownKeys'],
  download: ['licenseAddress', 'licenseKey', 'unknownKeys'],
  admin: ['adminKey', 'adminSession'],
  auth: ['authAddress'],
};

/** What a call is counted by, and the setting that says how many there may be; files and keys by address alone. */
export function rateLimitsOf({ segment, takesJson }: Call): object[] {
  const names = COUNTED_BY[segment ?? ''] ?? [];
  return names
    .filter((name) => takesJson || (name !== 'licenseKey' && name !== 'unknownKeys'))
    .map((name) => {
      const { by, setting, windowSeconds } = LIMITS[name];
      return { by, setting, window_seconds: windowSeconds };
    });
}
