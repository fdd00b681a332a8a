import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import type { Clock } from '../clock.js';
import { authenticateAudit } from '../database/audit-mac.js';
import { auditMac } from './audit-seal.js';
import { DataKeys, type Pepper } from './data-keys.js';
import { KeyRing } from './key-ring.js';
import { loadOrCreateMasterKeyFile, parseMasterKey, type MasterKey } from './master-key.js';
import type { Vault } from './vault.js';

export interface KeySettings {
  /** The MASTER_KEY setting; null for the file in the data folder. */
  readonly masterKey: string | null;
  readonly dataDir: string;
  /** PUBLIC_URL. */
  readonly issuer: string;
}

export interface OpenKeys {
  readonly masterKey: MasterKey;
  /** Where it is kept; null when it is a setting. */
  readonly masterKeyFile: string | null;
  readonly pepper: Pepper;
  readonly vault: Vault;
  readonly keyRing: KeyRing;
}

/** Finds the master key, making one for the embedded database, and opens what it wraps. From here on the audit log can be written to. */
export async function openKeys(
  settings: KeySettings,
  { dataSource, clock }: { dataSource: DataSource; clock: Clock },
): Promise<OpenKeys> {
  const { masterKey, masterKeyFile } = await findMasterKey(settings);
  const { pepper, vault } = await DataKeys.load(dataSource.manager, masterKey);
  authenticateAudit(dataSource, auditMac(pepper));
  const keyRing = new KeyRing({ dataSource, masterKey, clock, issuer: settings.issuer });
  await keyRing.start();
  return { masterKey, masterKeyFile, pepper, vault, keyRing };
}

async function findMasterKey({
  masterKey,
  dataDir,
}: KeySettings): Promise<Pick<OpenKeys, 'masterKey' | 'masterKeyFile'>> {
  if (masterKey !== null) return { masterKey: parseMasterKey(masterKey), masterKeyFile: null };
  const masterKeyFile = join(dataDir, 'master.key');
  const { key } = await loadOrCreateMasterKeyFile(masterKeyFile);
  return { masterKey: key, masterKeyFile };
}
