import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { insertDataKey, listDataKeys, lockKeyRing } from '../database/key-store.js';
import { refuseWrongMasterKey, type MasterKey } from './master-key.js';
import { Vault } from './vault.js';

/** Every secret of the service itself that the database keeps, and its length in bytes. */
const DATA_KEYS = { pepper: 32, vault: 32 } as const satisfies Record<string, number>;

type DataKeyName = keyof typeof DATA_KEYS;

export type HashPurpose =
  | 'license-key'
  | 'download-token'
  | 'api-key'
  | 'session'
  | 'sso-nonce'
  | 'recovery-code'
  | 'idempotency-key'
  | 'audit-chain'
  | 'audit-event'
  | 'audit-pruned';

declare const purposeOf: unique symbol;

/** What is stored and looked up instead of a secret. The brand keeps raw secrets and hashes of another kind out. */
export type KeyHash<Purpose extends HashPurpose = HashPurpose> = Buffer & { readonly [purposeOf]: Purpose };

/** Hashes secrets that must be matched and never read back. A stolen database alone can't be searched for guesses. */
export class Pepper {
  readonly #key: KeyObject;

  constructor(secret: Buffer) {
    this.#key = createSecretKey(secret);
  }

  /** HMAC-SHA-256, 32 bytes. The purpose is hashed along, so that a hash of one kind never matches another. */
  hash<Purpose extends HashPurpose>(purpose: Purpose, value: string): KeyHash<Purpose> {
    return createHmac('sha256', this.#key).update(`${purpose}\0${value}`).digest() as KeyHash<Purpose>;
  }
}

/** The data keys, unwrapped. They outlive every rotation of the master key, and so do the hashes made with them. */
export class DataKeys {
  private constructor(
    readonly pepper: Pepper,
    readonly vault: Vault,
  ) {}

  /** Loads the data keys and makes those that are missing, once for all nodes. Throws `StartupError` for a wrong master key. */
  static load(manager: EntityManager, masterKey: MasterKey): Promise<DataKeys> {
    return refuseWrongMasterKey(() =>
      manager.transaction((transaction) => this.open(transaction, masterKey)),
    );
  }

  /** The same within a transaction. Throws `UnwrapError` for a wrong master key. */
  static async open(transaction: EntityManager, masterKey: MasterKey): Promise<DataKeys> {
    await lockKeyRing(transaction);
    const stored = await listDataKeys(transaction);
    // All stored keys are opened before one is made: a wrong master key must leave nothing behind.
    const opened = new Map(
      stored.map(({ name, wrapped }) => [name, masterKey.unwrap('data-key', name, wrapped)]),
    );
    const loadOrCreate = async (name: DataKeyName): Promise<Buffer> => {
      const found = opened.get(name);
      if (found !== undefined) return found;
      const secret = randomBytes(DATA_KEYS[name]);
      await insertDataKey(transaction, name, masterKey.wrap('data-key', name, secret));
      return secret;
    };
    const secrets = {
      pepper: await loadOrCreate('pepper'),
      vault: await loadOrCreate('vault'),
    } satisfies Record<DataKeyName, Buffer>;
    return new DataKeys(new Pepper(secrets.pepper), new Vault(secrets.vault));
  }
}
