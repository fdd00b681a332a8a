import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import type { Clock } from '../clock.js';
import { DataKeys, type Pepper } from './data-keys.js';
import { KeyRing } from './key-ring.js';
import { loadOrCreateMasterKeyFile, parseMasterKey, type MasterKey } from './master-key.js';

export interface KeySettings {
  /** The MASTER_KEY setting; null for the file in the data folder. */
  readonly masterKey: string | null;
  readonly dataDir: string;
  /** PUBLIC_URL. */
  readonly issuer: string;
}

export interface OpenKeys {
  readonly masterKey: MasterKey;
  readonly pepper: Pepper;
  readonly keyRing: KeyRing;
}

/** Finds the master key, making one for the embedded database with a warning, and opens what it wraps. */
export async function openKeys(
  settings: KeySettings,
  { dataSource, clock, warn }: { dataSource: DataSource; clock: Clock; warn: (line: string) => void },
): Promise<OpenKeys> {
  const masterKey = await findMasterKey(settings, warn);
  const { pepper } = await DataKeys.load(dataSource.manager, masterKey);
  const keyRing = new KeyRing({ dataSource, masterKey, clock, issuer: settings.issuer });
  await keyRing.start();
  return { masterKey, pepper, keyRing };
}

async function findMasterKey(
  { masterKey, dataDir }: KeySettings,
  warn: (line: string) => void,
): Promise<MasterKey> {
  if (masterKey !== null) return parseMasterKey(masterKey);
  const path = join(dataDir, 'master.key');
  const { key, created } = await loadOrCreateMasterKeyFile(path);
  if (created) warn(`A new master key is in ${path}. Back it up: without it the database can't be read.`);
  return key;
}
