import type { SigningKeyRow } from '../database/entities/index.js';
import { readKeyRing } from '../database/key-store.js';
import { isUsable, listedAt, signerAt } from '../signing/key-rules.js';
import { rotateSigningKey } from '../signing/rotation.js';
import { UnusableKeyError } from '../signing/signing-key.js';
import { StartupError } from '../startup-error.js';
import type { Command } from './command.js';
import { openKeysOf } from './open-keys-of.js';

const HOUR_MS = 3_600_000;
const MAX_OVERLAP_HOURS = 24 * 90;

/** @throws StartupError for anything but a whole number of hours up to 90 days */
export function overlapMs(hours: string): number {
  const count = /^\d{1,4}$/.test(hours) ? Number(hours) : Number.NaN;
  if (!(count <= MAX_OVERLAP_HOURS)) {
    throw new StartupError(`--overlap-hours must be a whole number from 0 to ${MAX_OVERLAP_HOURS}.`);
  }
  return count * HOUR_MS;
}

export const rotateSigningKeyCommand: Command = {
  options: {
    'overlap-hours': { value: 'N', help: 'publish the new key for N hours before it signs (24)' },
    compromised: { value: 'KID', help: 'withdraw this key at once, and sign with the new one at once' },
  },
  help: [
    'Makes a new signing key, endorsed by those before it. Running nodes take it up with their',
    'next request. What older keys signed stays verifiable until it ends, but for a compromised',
    "key's: its leases are replaced as their panels call.",
  ],
  async run(place, { compromised, 'overlap-hours': hours }) {
    if (compromised !== undefined && hours !== undefined) {
      throw new StartupError('--compromised replaces the key at once: it takes no --overlap-hours.');
    }
    const { masterKey } = await openKeysOf(place);
    const now = place.clock.now();
    const { manager } = place.database.dataSource;
    const signsFrom = hours === undefined ? undefined : new Date(now.getTime() + overlapMs(hours));
    try {
      const { kid } = await rotateSigningKey(manager, {
        masterKey,
        now,
        issuer: place.config.PUBLIC_URL,
        ...(signsFrom !== undefined && { signsFrom }),
        ...(compromised !== undefined && { compromised }),
      });
      const made = (await readKeyRing(manager)).keys.find((key) => key.kid === kid);
      place.say(`New signing key ${kid}, signs from ${made?.signsFrom.toISOString()}.`);
      if (compromised !== undefined) place.say(`Withdrawn: ${compromised}.`);
    } catch (error) {
      if (error instanceof UnusableKeyError)
        throw new StartupError(`There is no signing key '${compromised}'.`);
      throw error;
    }
  },
};

/** What a key is for at `now`. Keys come oldest first. */
export function stateOf(key: SigningKeyRow, keys: readonly SigningKeyRow[], now: Date): string {
  if (!isUsable(key)) return 'compromised';
  if (signerAt(keys, now)?.kid === key.kid) return 'signs';
  if (key.signsFrom > now) return 'to come';
  return listedAt(keys, now).some(({ kid }) => kid === key.kid) ? 'verifies' : 'over';
}

const minute = (time: Date) => time.toISOString().slice(0, 16).replace('T', ' ');

export const listKeysCommand: Command = {
  options: {},
  help: ['Lists the signing keys, oldest first: what each is for, and since and until when.'],
  async run({ database, clock, say }) {
    const now = clock.now();
    const { keys } = await readKeyRing(database.dataSource.manager);
    say(`${'KID'.padEnd(43)}  ${'STATE'.padEnd(11)}  ${'SIGNS FROM'.padEnd(16)}  COVERS UNTIL`);
    for (const key of keys) {
      const state = stateOf(key, keys, now).padEnd(11);
      say(`${key.kid.padEnd(43)}  ${state}  ${minute(key.signsFrom)}  ${minute(key.coversUntil)}`);
    }
  },
};
