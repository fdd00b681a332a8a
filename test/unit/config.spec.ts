import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EMBEDDED_POOL_MAX, readConfig, SETTINGS, type Config } from '../../src/config.js';
import { serverArguments } from '../../src/database/embedded/server.js';
import { StartupError } from '../../src/startup-error.js';

const NAMES = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** What an empty environment is read as. */
const DEFAULTS: Config = {
  PORT: 2083,
  HOST: '0.0.0.0',
  PUBLIC_URL: 'http://localhost:2083',
  TRUST_PROXY: [],
  TLS_CERT_FILE: null,
  TLS_KEY_FILE: null,
  DATA_DIR: null,
  DATABASE_URL: null,
  DATABASE_REPLICA_URL: null,
  DATABASE_POOL_SIZE: 20,
  REDIS_URL: null,
  STORAGE_URL: null,
  AWS_ACCESS_KEY_ID: null,
  AWS_SECRET_ACCESS_KEY: null,
  AWS_SESSION_TOKEN: null,
  MASTER_KEY: null,
  MOORING_ADMIN_PASSWORD: null,
  MOORING_ADMIN_KEY: null,
  METRICS_TOKEN: null,
  LOG_LEVEL: 'info',
  SIGNING_KEY_DAYS: 90,
  AUDIT_RETENTION_DAYS: 0,
  STATS_RETENTION_DAYS: 800,
  MAX_UPLOAD_BYTES: 4_294_967_296,
  WEBHOOKS_ALLOW_PRIVATE: false,
  LIMIT_AUTH_PER_MINUTE: 20,
  LIMIT_ADMIN_PER_MINUTE: 60,
  LIMIT_SESSION_PER_MINUTE: 600,
  LIMIT_LICENSE_PER_MINUTE: 60,
  LIMIT_ADDRESS_PER_MINUTE: 600,
  LIMIT_UNKNOWN_KEYS_PER_MINUTE: 10,
  LIMIT_FAILED_LOGINS_PER_HOUR: 100,
};

/** The sentence of a refusal; fails when there is none or when it is not the kind that ends a start quietly. */
function refusal(env: Record<string, string>, fileEnv: Record<string, string> = {}): string {
  try {
    readConfig(env, fileEnv);
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
  throw new Error('It was accepted');
}

describe('the configuration', () => {
  it('has a default for every setting that has one', () => {
    expect(readConfig({})).toEqual(DEFAULTS);
  });

  const ACCEPTED: readonly (readonly [Record<string, string>, Partial<Config>])[] = [
    [{ PORT: '0' }, { PORT: 0, PUBLIC_URL: 'http://localhost:0' }],
    [{ PORT: '65535' }, { PORT: 65_535, PUBLIC_URL: 'http://localhost:65535' }],
    [{ PORT: ' 8080 ' }, { PORT: 8080, PUBLIC_URL: 'http://localhost:8080' }],
    [{ PORT: '' }, {}],
    [{ PUBLIC_URL: 'https://licenses.example//' }, { PUBLIC_URL: 'https://licenses.example' }],
    [{ PUBLIC_URL: 'https://example.com/licenses/' }, { PUBLIC_URL: 'https://example.com/licenses' }],
    [
      { TLS_CERT_FILE: 'a.pem', TLS_KEY_FILE: 'b.pem' },
      { TLS_CERT_FILE: 'a.pem', TLS_KEY_FILE: 'b.pem', PUBLIC_URL: 'https://localhost:2083' },
    ],
    [{ TRUST_PROXY: '10.0.0.0/8, ::1,fd00::/8,' }, { TRUST_PROXY: ['10.0.0.0/8', '::1', 'fd00::/8'] }],
    [{ DATA_DIR: 'some folder' }, { DATA_DIR: resolve('some folder') }],
    [
      { DATABASE_URL: 'postgresql://h/d', MASTER_KEY: 'k' },
      { DATABASE_URL: 'postgresql://h/d', MASTER_KEY: 'k' },
    ],
    [
      { DATABASE_URL: 'postgres://h/d', DATABASE_REPLICA_URL: 'postgres://r/d', MASTER_KEY: 'k' },
      { DATABASE_URL: 'postgres://h/d', DATABASE_REPLICA_URL: 'postgres://r/d', MASTER_KEY: 'k' },
    ],
    [{ DATABASE_POOL_SIZE: '90' }, { DATABASE_POOL_SIZE: 90 }],
    [
      { DATABASE_POOL_SIZE: '500', DATABASE_URL: 'postgres://h/d', MASTER_KEY: 'k' },
      { DATABASE_POOL_SIZE: 500, DATABASE_URL: 'postgres://h/d', MASTER_KEY: 'k' },
    ],
    [{ REDIS_URL: 'rediss://h:6379' }, { REDIS_URL: 'rediss://h:6379' }],
    [{ STORAGE_URL: 'file:/srv/files' }, { STORAGE_URL: 'file:/srv/files' }],
    [{ STORAGE_URL: 's3://bucket/prefix?region=x' }, { STORAGE_URL: 's3://bucket/prefix?region=x' }],
    [
      { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
      { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    ],
    [
      { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 'c' },
      { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 'c' },
    ],
    [{ MOORING_ADMIN_PASSWORD: 'twelve chars' }, { MOORING_ADMIN_PASSWORD: 'twelve chars' }],
    // It must open the door exactly as it was written.
    [{ MOORING_ADMIN_PASSWORD: ' twelve chars ' }, { MOORING_ADMIN_PASSWORD: ' twelve chars ' }],
    [{ MOORING_ADMIN_PASSWORD: ' '.repeat(12) }, {}],
    [{ METRICS_TOKEN: ' t0ken\n' }, { METRICS_TOKEN: 't0ken' }],
    [{ SIGNING_KEY_DAYS: '0' }, { SIGNING_KEY_DAYS: 0 }],
    [{ SIGNING_KEY_DAYS: '14' }, { SIGNING_KEY_DAYS: 14 }],
    [{ AUDIT_RETENTION_DAYS: '365' }, { AUDIT_RETENTION_DAYS: 365 }],
    [{ STATS_RETENTION_DAYS: '0' }, { STATS_RETENTION_DAYS: 0 }],
    [{ MOORING_ADMIN_KEY: `mk_${'0a'.repeat(24)}` }, { MOORING_ADMIN_KEY: `mk_${'0a'.repeat(24)}` }],
    [{ LOG_LEVEL: 'silent' }, { LOG_LEVEL: 'silent' }],
    [{ WEBHOOKS_ALLOW_PRIVATE: 'true' }, { WEBHOOKS_ALLOW_PRIVATE: true }],
    [{ WEBHOOKS_ALLOW_PRIVATE: 'false' }, {}],
    // The environment of a process is full of names that are not ours.
    [{ PATH: '/bin', LANG: 'C', mooring_x: '1', NODE_ENV: 'production' }, {}],
  ];

  it.each(ACCEPTED)('reads %p', (env, expected) => {
    expect(readConfig(env)).toEqual({ ...DEFAULTS, ...expected });
  });

  const port = 'PORT must be a whole number from 0 to 65535.';
  const master = 'MASTER_KEY is required with DATABASE_URL; make one with: head -c 32 /dev/urandom | base64';
  const key = 'MOORING_ADMIN_KEY must be mk_ and 48 hexadecimal digits.';
  const password = 'MOORING_ADMIN_PASSWORD must have 12 to 256 characters.';
  const tls = 'TLS_CERT_FILE and TLS_KEY_FILE belong together: set both or neither.';
  const aws = 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: set both or neither.';
  const proxies = 'TRUST_PROXY must be a list of addresses and CIDR ranges of proxies, separated by commas.';
  const REFUSED: readonly (readonly [Record<string, string>, string])[] = [
    ...['abc', '-1', '65536', '1e3', '0x10', '1.5', '٣', '1_000', '9'.repeat(30)].map(
      (value) => [{ PORT: value }, port] as const,
    ),
    [{ DATABASE_POOL_SIZE: '2' }, 'DATABASE_POOL_SIZE must be a whole number from 3 to 500.'],
    [
      { DATABASE_POOL_SIZE: '91' },
      'DATABASE_POOL_SIZE can be 90 at most with the embedded database; set DATABASE_URL to use a server that takes more.',
    ],
    [{ LIMIT_AUTH_PER_MINUTE: '0' }, 'LIMIT_AUTH_PER_MINUTE must be a whole number from 1 to 100000000.'],
    [{ SIGNING_KEY_DAYS: '13' }, 'SIGNING_KEY_DAYS must be 0 or a whole number from 14 to 3650.'],
    [{ AUDIT_RETENTION_DAYS: '-1' }, 'AUDIT_RETENTION_DAYS must be a whole number from 0 to 36500.'],
    [{ MAX_UPLOAD_BYTES: '0' }, 'MAX_UPLOAD_BYTES must be a whole number from 1 to 999999999999.'],
    [{ PUBLIC_URL: 'licenses.example' }, 'PUBLIC_URL must be a URL that begins with http:// or https://.'],
    [{ PUBLIC_URL: 'ftp://x' }, 'PUBLIC_URL must be a URL that begins with http:// or https://.'],
    [
      { DATABASE_URL: 'mysql://h/d', MASTER_KEY: 'k' },
      'DATABASE_URL must be a URL that begins with postgres:// or postgresql://.',
    ],
    [
      { DATABASE_REPLICA_URL: 'postgres://r/d' },
      'DATABASE_REPLICA_URL needs DATABASE_URL: the embedded database has no replica.',
    ],
    [{ REDIS_URL: 'host:6379' }, 'REDIS_URL must be a URL that begins with redis:// or rediss://.'],
    [{ STORAGE_URL: '/srv' }, 'STORAGE_URL must begin with file: or s3://.'],
    [{ STORAGE_URL: 's3://' }, 'STORAGE_URL must begin with file: or s3://.'],
    ...['everybody', '10.0.0.0/33', '10.0.0', '0x7f.1', 'fe80::1%eth0', '::1,yes'].map(
      (value) => [{ TRUST_PROXY: value }, proxies] as const,
    ),
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.'],
    [{ LOG_LEVEL: 'INFO' }, 'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.'],
    [{ MOORING_ADMIN_PASSWORD: '🔒'.repeat(11) }, password],
    [{ MOORING_ADMIN_PASSWORD: 'x'.repeat(257) }, password],
    [{ MOORING_ADMIN_KEY: 'mk_' }, key],
    [{ MOORING_ADMIN_KEY: `mk_${'0A'.repeat(24)}` }, key],
    ...['two words', 'schlüssel', 'a\tb'].map(
      (value) =>
        [{ METRICS_TOKEN: value }, 'METRICS_TOKEN must be visible ASCII characters without blanks.'] as const,
    ),
    [{ TLS_CERT_FILE: 'a' }, tls],
    [{ TLS_KEY_FILE: 'a' }, tls],
    [{ AWS_ACCESS_KEY_ID: 'a' }, aws],
    [{ AWS_SECRET_ACCESS_KEY: 'a' }, aws],
    [
      { AWS_SESSION_TOKEN: 'a' },
      'AWS_SESSION_TOKEN belongs to AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: set all three or none.',
    ],
    [{ DATABASE_URL: 'postgres://h/d' }, master],
    [{ DATABASE_URL: 'postgres://h/d', MASTER_KEY: ' ' }, master],
    [{ MOORING_COLOUR: 'red' }, 'MOORING_COLOUR is not a setting; .env.example lists them all.'],
    [{ MOORING_ADMIN_PASSWORT: '' }, 'MOORING_ADMIN_PASSWORT is not a setting; .env.example lists them all.'],
  ];

  it.each(REFUSED)('refuses %p', (env, message) => {
    expect(refusal(env)).toBe(message);
  });

  it('leaves connections of the embedded server to others', () => {
    const [, taken] = /max_connections=(\d+)/.exec(serverArguments('/c', '/s').join(' ')) ?? [];
    expect(Number(taken) - EMBEDDED_POOL_MAX).toBeGreaterThanOrEqual(5);
  });

  it('never repeats a value: it may be a secret', () => {
    const secret = 's3cret-value';
    const repeated = NAMES.filter((name) => {
      try {
        readConfig({ [name]: secret });
        return false;
      } catch (error) {
        return String((error as Error).message).includes(secret);
      }
    });
    expect(repeated).toEqual([]);
  });

  it('takes a setting from the environment before .env, and an empty one as none', () => {
    expect(readConfig({ PORT: '1' }, { PORT: '2' }).PORT).toBe(1);
    expect(readConfig({}, { PORT: '2' }).PORT).toBe(2);
    expect(readConfig({ PORT: '' }, { PORT: '' }).PORT).toBe(2083);
  });

  it('refuses in .env every name that is no setting', () => {
    expect(refusal({}, { COLOUR: 'red' })).toBe('COLOUR is not a setting; .env.example lists them all.');
    expect(refusal({}, { port: '1' })).toBe('port is not a setting; .env.example lists them all.');
    // A name that every object has is no setting either.
    expect(refusal({}, { constructor: '1' })).toBe(
      'constructor is not a setting; .env.example lists them all.',
    );
  });
});

describe('.env.example', () => {
  const documented = new Map(
    [...read('.env.example').matchAll(/^# ([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );

  it('names every setting once and no other', () => {
    const names = [...read('.env.example').matchAll(/^#? ?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name);
    expect(names.toSorted()).toEqual(NAMES.toSorted());
  });

  it.each(NAMES.filter((name) => !isOptional(name)))('tells the real default of %s', (name) => {
    expect(readConfig({ [name]: documented.get(name) })).toEqual(DEFAULTS);
  });

  it.each(NAMES.filter(isOptional))('tells of %s nothing that would be refused', (name) => {
    const needed = name.startsWith('DATABASE_') ? { DATABASE_URL: 'postgres://h/d', MASTER_KEY: 'k' } : {};
    expect(() => readConfig({ ...needed, [name]: documented.get(name) })).not.toThrow();
  });

  it('sets nothing when it is copied as it is', () => {
    expect(read('.env.example')).not.toMatch(/^[^#\n]/m);
  });
});

/** Without it something is absent, rather than a default in its place. PUBLIC_URL has one made of the port. */
function isOptional(name: keyof typeof SETTINGS): boolean {
  return DEFAULTS[name] === null;
}

describe('the README', () => {
  it('tells of every setting', () => {
    const readme = read('README.md');
    expect(NAMES.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  /** What the image and the file itself decide: where a container listens and what it keeps on its volume. */
  const ITS_OWN = new Set(['PORT', 'HOST', 'DATA_DIR', 'TLS_CERT_FILE', 'TLS_KEY_FILE']);

  it('passes on every setting that it does not decide itself', () => {
    const passed = [...read('docker-compose.yml').matchAll(/^ {4}([A-Z][A-Z0-9_]*): /gm)].map(
      ([, name]) => name,
    );
    expect(passed.toSorted()).toEqual(NAMES.filter((name) => !ITS_OWN.has(name)).toSorted());
  });

  it('sets nothing that is unset outside', () => {
    const empty = Object.fromEntries(NAMES.map((name) => [name, '']));
    expect(readConfig(empty)).toEqual(DEFAULTS);
  });
});

describe('the command that starts the service', () => {
  const { start } = JSON.parse(read('package.json')).scripts;

  it('is the same in the image and in the README', () => {
    const dockerfile = read('Dockerfile');
    const [, environment] = /^ENV (MALLOC_\S+)$/m.exec(dockerfile) ?? [];
    const [, command = '[]'] = /^CMD (\[.+\])$/m.exec(dockerfile) ?? [];
    expect([environment, ...JSON.parse(command)].join(' ')).toBe(start);
    expect(read('README.md')).toContain(`\n${start}\n`);
  });
});
