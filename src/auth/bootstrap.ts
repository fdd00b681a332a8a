import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { isGuessable } from '../access/password-strength.js';
import { hashPassword, generatePassword } from '../access/passwords.js';
import { generateSecret, keyPrefixOf } from '../access/secret-tokens.js';
import type { Clock } from '../clock.js';
import type { Config } from '../config.js';
import { recordAudit } from '../database/audit.js';
import { ApiKey, User } from '../database/entities/index.js';
import type { OpenDatabase } from '../database/open.js';
import { SYSTEM } from '../domain/actor.js';
import type { Pepper } from '../signing/data-keys.js';
import { StartupError } from '../startup-error.js';

export interface BootstrapOptions {
  readonly config: Pick<Config, 'MOORING_ADMIN_PASSWORD' | 'MOORING_ADMIN_KEY'>;
  readonly clock: Clock;
  readonly database: Pick<OpenDatabase, 'dataSource'>;
  readonly keys: { readonly pepper: Pepper; readonly masterKeyFile: string | null };
  /** Writes a line for whoever starts the service. Not the logger: logs are kept and sent on, and these are secrets. */
  readonly say: (line: string) => void;
}

export const ADMIN_USERNAME = 'admin';

/** Two nodes that start at once on an empty database take turns, and the second finds it no longer empty. */
const BOOTSTRAP_LOCK = 7_066_830_572;

async function isEmpty(manager: EntityManager): Promise<boolean> {
  return !(await manager.exists(User)) && !(await manager.exists(ApiKey));
}

async function createAdmin(
  manager: EntityManager,
  {
    passwordHash,
    keyHash,
    keyPrefix,
    now,
  }: {
    readonly passwordHash: string;
    readonly keyHash: Buffer;
    readonly keyPrefix: string;
    readonly now: Date;
  },
): Promise<void> {
  const [userId, keyId] = [uuidv7(), uuidv7()];
  await manager.insert(User, {
    id: userId,
    username: ADMIN_USERNAME,
    email: 'admin@localhost',
    role: 'admin',
    status: 'active',
    passwordHash,
    createdAt: now,
    updatedAt: now,
  });
  await recordAudit(manager, SYSTEM, now, {
    action: 'user.created',
    subjectType: 'user',
    subjectId: userId,
    details: { role: 'admin' },
  });
  await manager.insert(ApiKey, {
    id: keyId,
    name: 'First key',
    hash: keyHash,
    keyPrefix,
    permissions: ['all'],
    ipWhitelist: [],
    enabled: true,
    createdAt: now,
    updatedAt: now,
  });
  await recordAudit(manager, SYSTEM, now, {
    action: 'api_key.created',
    subjectType: 'api_key',
    subjectId: keyId,
    details: { permissions: ['all'] },
  });
}

/** The generated secrets in a block that is found again in a terminal; those that were set are known and not repeated. */
export function announcement(secrets: {
  readonly password: string | null;
  readonly key: string | null;
}): string[] {
  const lines = [
    ...(secrets.password === null
      ? []
      : [`Admin user      ${ADMIN_USERNAME}`, `Admin password  ${secrets.password}`]),
    ...(secrets.key === null ? [] : [`Admin API key   ${secrets.key}`]),
  ];
  if (lines.length === 0) return [];
  const rule = '─'.repeat(70);
  return [
    '',
    rule,
    '  Keep these now: they are shown this once and stored only as hashes.',
    '',
    ...lines.map((line) => `  ${line}`),
    rule,
    '',
  ];
}

/** Gives an empty database its first user and its first API key, and says what was generated. Does nothing ever after. */
export async function bootstrap({ config, clock, database, keys, say }: BootstrapOptions): Promise<void> {
  const { dataSource } = database;
  // Asked without the lock first: every start but one ends here.
  if (!(await isEmpty(dataSource.manager))) return;
  const { MOORING_ADMIN_PASSWORD: given } = config;
  if (given !== null && (await isGuessable(given, [ADMIN_USERNAME]))) {
    throw new StartupError('MOORING_ADMIN_PASSWORD is too easy to guess.');
  }
  const password = given ?? generatePassword();
  const key = config.MOORING_ADMIN_KEY ?? generateSecret('apiKey');
  const passwordHash = await hashPassword(password);
  const created = await dataSource.transaction(async (manager) => {
    await manager.query('select pg_advisory_xact_lock($1)', [BOOTSTRAP_LOCK]);
    if (!(await isEmpty(manager))) return false;
    await createAdmin(manager, {
      passwordHash,
      keyHash: keys.pepper.hash('api-key', key),
      keyPrefix: keyPrefixOf(key),
      now: clock.now(),
    });
    return true;
  });
  if (!created) return;
  const generated = {
    password: config.MOORING_ADMIN_PASSWORD === null ? password : null,
    key: config.MOORING_ADMIN_KEY === null ? key : null,
  };
  for (const line of announcement(generated)) say(line);
  if (keys.masterKeyFile === null) return;
  say(`The master key is in ${keys.masterKeyFile}. Back it up: without it the database can't be read.`);
}
