import { chown, link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EntityManager } from 'typeorm';
import {
  loadOrCreateMasterKeyFile,
  parseMasterKey,
  refuseWrongMasterKey,
  UnwrapError,
  type MasterKey,
} from '../signing/master-key.js';
import { rotateMasterKey } from '../signing/rotation.js';
import { StartupError } from '../startup-error.js';
import type { Command, Workplace } from './command.js';

async function readKey(path: string): Promise<MasterKey> {
  try {
    return parseMasterKey(await readFile(path, 'utf8'));
  } catch (error) {
    // What parseMasterKey says is about the setting.
    throw new StartupError(`${path} must be readable and hold 32 bytes in base64.`, { cause: error });
  }
}

/**
 * Wraps everything anew. A run that was cut off after the database had changed is finished by the next: then the old key
 * fits no more and the new one does.
 */
async function rewrap(manager: EntityManager, from: MasterKey, to: MasterKey, now: Date): Promise<void> {
  try {
    await rotateMasterKey(manager, from, to, now);
  } catch (error) {
    if (!(error instanceof UnwrapError)) throw error;
    await refuseWrongMasterKey(() => rotateMasterKey(manager, to, to, now));
  }
}

/** Puts the new key in the place of the old, which stays beside it: older backups of the database need it. */
async function replaceKeyFile(path: string, next: string, previous: string): Promise<void> {
  // Whoever runs this may not be who runs the service, which must be able to read its key.
  const { uid, gid } = await stat(path);
  await chown(next, uid, gid);
  await rm(previous, { force: true });
  await link(path, previous);
  await rename(next, path);
  const folder = await open(dirname(path), 'r');
  await folder.sync().finally(() => folder.close());
}

async function rotateKeyFile({ database, clock, say }: Workplace): Promise<void> {
  const path = join(database.dataDir, 'master.key');
  const [next, previous] = [`${path}.next`, `${path}.previous`];
  const from = await readKey(path);
  // On the disk before the database needs it: a crash in between must not lose the only key that fits.
  const { key: to } = await loadOrCreateMasterKeyFile(next);
  await rewrap(database.dataSource.manager, from, to, clock.now());
  await replaceKeyFile(path, next, previous);
  say(`The new master key is in ${path}: back it up.`);
  say(`The old one is in ${previous}; delete it once no backup of the database needs it.`);
}

async function rotateSetting({ config, database, clock, say }: Workplace, newKeyFile: string): Promise<void> {
  const from = parseMasterKey(config.MASTER_KEY ?? '');
  await rewrap(database.dataSource.manager, from, await readKey(newKeyFile), clock.now());
  say(`Set MASTER_KEY to what ${newKeyFile} holds; older backups of the database need the old one.`);
}

export const rotateMasterKeyCommand: Command = {
  options: {
    'new-key-file': { value: 'FILE', help: 'the new key, 32 bytes in base64; only where MASTER_KEY is set' },
  },
  help: [
    'Wraps the keys in the database with a new master key; no hash and no signature changes.',
    'Where the master key lies in the data folder, a new one is made and takes its place.',
    'Where MASTER_KEY is set, the new one is yours: head -c 32 /dev/urandom | base64 > FILE',
    'Run it again if it was cut off. Restart every node afterwards.',
  ],
  async run(place, { 'new-key-file': newKeyFile }) {
    const isSetting = place.config.MASTER_KEY !== null;
    if (isSetting && newKeyFile === undefined) {
      throw new StartupError('MASTER_KEY is set: name the file with the new one by --new-key-file.');
    }
    if (!isSetting && newKeyFile !== undefined) {
      throw new StartupError(
        'MASTER_KEY is not set: the new key is made in the data folder, without --new-key-file.',
      );
    }
    await (newKeyFile === undefined ? rotateKeyFile(place) : rotateSetting(place, newKeyFile));
    place.say('Restart every node now: those that run go on, but cannot take up a new signing key.');
  },
};
