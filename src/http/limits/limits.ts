import type { Config } from '../../config.js';
import type { Hit, LimitStore } from './limit-store.js';
import { networkOf } from './network.js';

type LimitSetting = Extract<keyof Config, `LIMIT_${string}`>;

interface LimitRule {
  readonly setting: LimitSetting;
  readonly windowSeconds: number;
  /** Addresses are counted by their network; anything else as it is. */
  readonly by: 'address' | 'principal' | 'license key and hardware';
}

/** Every limit there is. A file request has none of its own: it counts in `licenseAddress`. */
export const LIMITS = {
  authAddress: { setting: 'LIMIT_AUTH_PER_MINUTE', windowSeconds: 60, by: 'address' },
  adminKey: { setting: 'LIMIT_ADMIN_PER_MINUTE', windowSeconds: 60, by: 'principal' },
  adminSession: { setting: 'LIMIT_SESSION_PER_MINUTE', windowSeconds: 60, by: 'principal' },
  // Who has no good credential has nothing else to be counted by.
  adminAddress: { setting: 'LIMIT_ADMIN_PER_MINUTE', windowSeconds: 60, by: 'address' },
  portalAddress: { setting: 'LIMIT_SESSION_PER_MINUTE', windowSeconds: 60, by: 'address' },
  licenseKey: { setting: 'LIMIT_LICENSE_PER_MINUTE', windowSeconds: 60, by: 'license key and hardware' },
  licenseAddress: { setting: 'LIMIT_ADDRESS_PER_MINUTE', windowSeconds: 60, by: 'address' },
  // A guesser who tries a few passwords on each of many accounts locks none of them.
  failedLogins: { setting: 'LIMIT_FAILED_LOGINS_PER_HOUR', windowSeconds: 3_600, by: 'address' },
  unknownKeys: { setting: 'LIMIT_UNKNOWN_KEYS_PER_MINUTE', windowSeconds: 60, by: 'address' },
} as const satisfies Record<string, LimitRule>;

export type LimitName = keyof typeof LIMITS;

/** The table in force: the limits with the numbers of this installation, over one store. */
export class Limits {
  constructor(
    private readonly store: LimitStore,
    private readonly settings: Readonly<Record<LimitSetting, number>>,
  ) {}

  /** Counts one request; `ownLimit` stands in for the configured one, null for none. */
  hit(name: LimitName, key: string, ownLimit: number | null = null): Promise<Hit> {
    const limit = ownLimit ?? this.settings[LIMITS[name].setting];
    return this.store.hit(name, countedAs(name, key), limit, LIMITS[name].windowSeconds);
  }

  /** How a window stands, without counting. */
  peek(name: LimitName, key: string): Promise<Hit> {
    const { setting, windowSeconds } = LIMITS[name];
    return this.store.peek(name, countedAs(name, key), this.settings[setting], windowSeconds);
  }
}

const countedAs = (name: LimitName, key: string): string =>
  LIMITS[name].by === 'address' ? networkOf(key) : key;
