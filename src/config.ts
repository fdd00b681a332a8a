import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { isAddressRange } from './access/address-list.js';
import { StartupError } from './startup-error.js';

/** A setting: how it is read, what it is when absent, and the line of documentation that `.env.example` repeats. */
interface Setting<T> {
  readonly parse: (value: string, name: string) => T;
  readonly fallback: T;
  /** Blanks around it belong to it. All others are trimmed. */
  readonly isExact?: boolean;
}

const refuse = (name: string, wants: string): never => {
  throw new StartupError(`${name} ${wants}.`);
};

const text = (value: string) => value;

const whole = (min: number, max: number) => (value: string, name: string) => {
  const number = /^\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
  return number >= min && number <= max
    ? number
    : refuse(name, `must be a whole number from ${min} to ${max}`);
};

const url =
  (...protocols: string[]) =>
  (value: string, name: string) => {
    const wants = `must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`;
    if (!URL.canParse(value)) return refuse(name, wants);
    return protocols.includes(new URL(value).protocol) ? value : refuse(name, wants);
  };

const publicUrl = (value: string, name: string) => url('http:', 'https:')(value, name).replace(/\/+$/, '');

const storageUrl = (value: string, name: string) =>
  /^(file:|s3:\/\/)./.test(value) ? value : refuse(name, 'must begin with file: or s3://');

const addresses = (value: string, name: string) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) =>
      isAddressRange(part)
        ? part
        : refuse(name, 'must be a list of addresses and CIDR ranges of proxies, separated by commas'),
    );

const choice =
  <const T extends string>(...values: T[]) =>
  (value: string, name: string): T =>
    values.find((known) => known === value) ?? refuse(name, `must be one of ${values.join(', ')}`);

const password = (value: string, name: string) =>
  Array.from(value).length >= 12 && value.length <= 256
    ? value
    : refuse(name, 'must have 12 to 256 characters');

/** What an Authorization header can carry after `Bearer`. */
const headerToken = (value: string, name: string) =>
  /^[\x21-\x7e]+$/.test(value) ? value : refuse(name, 'must be visible ASCII characters without blanks');

const adminKey = (value: string, name: string) =>
  /^mk_[0-9a-f]{48}$/.test(value) ? value : refuse(name, 'must be mk_ and 48 hexadecimal digits');

const flag = (value: string, name: string) => choice('true', 'false')(value, name) === 'true';

const setting = <T>(parse: Setting<T>['parse'], fallback: NoInfer<T>): Setting<T> => ({ parse, fallback });
const optional = <T>(parse: Setting<T>['parse']): Setting<T | null> => ({ parse, fallback: null });

/** Requests in the window that the name tells: as many as no node answers, for whoever wants no limit. */
const count = whole(1, 100_000_000);

/** 0 keeps all of it. */
const retentionDays = whole(0, 36_500);

/** The new key is published a week before it signs: one that signs for less would be replaced before it begins. */
const signingDays = (value: string, name: string) => {
  const days = /^\d{1,4}$/.test(value) ? Number(value) : Number.NaN;
  return days === 0 || (days >= 14 && days <= 3_650)
    ? days
    : refuse(name, 'must be 0 or a whole number from 14 to 3650');
};

/** Every setting there is. A name that is not here is refused in `.env`, and in the environment when it begins with MOORING_. */
export const SETTINGS = {
  PORT: setting(whole(0, 65_535), 2083),
  HOST: setting(text, '0.0.0.0'),
  PUBLIC_URL: optional(publicUrl),
  TRUST_PROXY: setting(addresses, []),
  TLS_CERT_FILE: optional(text),
  TLS_KEY_FILE: optional(text),
  DATA_DIR: optional((value: string) => resolve(value)),
  DATABASE_URL: optional(url('postgres:', 'postgresql:')),
  DATABASE_REPLICA_URL: optional(url('postgres:', 'postgresql:')),
  DATABASE_POOL_SIZE: setting(whole(3, 500), 20),
  REDIS_URL: optional(url('redis:', 'rediss:')),
  STORAGE_URL: optional(storageUrl),
  AWS_ACCESS_KEY_ID: optional(text),
  AWS_SECRET_ACCESS_KEY: optional(text),
  AWS_SESSION_TOKEN: optional(text),
  MASTER_KEY: optional(text),
  MOORING_ADMIN_PASSWORD: { ...optional(password), isExact: true },
  MOORING_ADMIN_KEY: optional(adminKey),
  METRICS_TOKEN: optional(headerToken),
  LOG_LEVEL: setting(choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info'),
  SIGNING_KEY_DAYS: setting(signingDays, 90),
  AUDIT_RETENTION_DAYS: setting(retentionDays, 0),
  STATS_RETENTION_DAYS: setting(retentionDays, 800),
  MAX_UPLOAD_BYTES: setting(whole(1, 999_999_999_999), 4 * 1024 ** 3),
  WEBHOOKS_ALLOW_PRIVATE: setting(flag, false),
  LIMIT_AUTH_PER_MINUTE: setting(count, 20),
  LIMIT_ADMIN_PER_MINUTE: setting(count, 60),
  LIMIT_SESSION_PER_MINUTE: setting(count, 600),
  LIMIT_LICENSE_PER_MINUTE: setting(count, 60),
  LIMIT_ADDRESS_PER_MINUTE: setting(count, 600),
  LIMIT_UNKNOWN_KEYS_PER_MINUTE: setting(count, 10),
  LIMIT_FAILED_LOGINS_PER_HOUR: setting(count, 100),
} satisfies Record<string, Setting<unknown>>;

type Settings = { [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name]['fallback'] };

/** The settings as they are in force. `dataDir` absent means the default of the embedded database. */
export type Config = Settings & { readonly PUBLIC_URL: string };

/** Injection token of the configuration. */
export const CONFIG = Symbol('CONFIG');

type Env = Record<string, string | undefined>;

function refuseUnknown(env: Env, fileEnv: Env): void {
  const known = new Set(Object.keys(SETTINGS));
  const stranger =
    Object.keys(fileEnv).find((name) => !known.has(name)) ??
    Object.keys(env).find((name) => name.startsWith('MOORING_') && !known.has(name));
  if (stranger !== undefined)
    throw new StartupError(`${stranger} is not a setting; .env.example lists them all.`);
}

/** The embedded server takes 100 connections, of which imports and exports, the command line and the lock need some. */
export const EMBEDDED_POOL_MAX = 90;

function refuseContradictions(config: Settings): void {
  if ((config.TLS_CERT_FILE === null) !== (config.TLS_KEY_FILE === null)) {
    throw new StartupError('TLS_CERT_FILE and TLS_KEY_FILE belong together: set both or neither.');
  }
  if ((config.AWS_ACCESS_KEY_ID === null) !== (config.AWS_SECRET_ACCESS_KEY === null)) {
    throw new StartupError(
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: set both or neither.',
    );
  }
  if (config.AWS_SESSION_TOKEN !== null && config.AWS_ACCESS_KEY_ID === null) {
    throw new StartupError(
      'AWS_SESSION_TOKEN belongs to AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: set all three or none.',
    );
  }
  if (config.DATABASE_URL === null && config.DATABASE_POOL_SIZE > EMBEDDED_POOL_MAX) {
    throw new StartupError(
      `DATABASE_POOL_SIZE can be ${EMBEDDED_POOL_MAX} at most with the embedded database; set DATABASE_URL to use a server that takes more.`,
    );
  }
  if (config.DATABASE_URL === null && config.DATABASE_REPLICA_URL !== null) {
    throw new StartupError('DATABASE_REPLICA_URL needs DATABASE_URL: the embedded database has no replica.');
  }
  if (config.DATABASE_URL !== null && config.MASTER_KEY === null) {
    throw new StartupError(
      'MASTER_KEY is required with DATABASE_URL; make one with: head -c 32 /dev/urandom | base64',
    );
  }
}

/** Reads and checks every setting once; the first that is unknown, bad or missing is a StartupError in one sentence. */
export function readConfig(env: Env, fileEnv: Env = {}): Config {
  refuseUnknown(env, fileEnv);
  const entries = Object.entries<Setting<unknown>>(SETTINGS).map(([name, { parse, fallback, isExact }]) => {
    const written = env[name] ?? fileEnv[name] ?? '';
    const value = written.trim();
    // Compose files and shells pass unset variables as empty ones.
    return [name, value === '' ? fallback : parse(isExact ? written : value, name)];
  });
  const settings = Object.fromEntries(entries) as Settings;
  refuseContradictions(settings);
  const scheme = settings.TLS_CERT_FILE === null ? 'http' : 'https';
  return { ...settings, PUBLIC_URL: settings.PUBLIC_URL ?? `${scheme}://localhost:${settings.PORT}` };
}

function readEnvFile(): Env {
  if (!existsSync('.env')) return {};
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch (error) {
    throw new StartupError("The file .env in the working folder can't be read.", { cause: error });
  }
}

/** The configuration of this process: the environment first, then `.env` in the working folder. */
export function loadConfig(): Config {
  return readConfig(process.env, readEnvFile());
}
