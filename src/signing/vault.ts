import { createSecretKey, type KeyObject } from 'node:crypto';
import { seal, unseal } from './sealed-box.js';

/** What is sealed; with the name of its row it is bound into the ciphertext. */
export type VaultPurpose = 'totp-secret' | 'webhook-secret' | 'idempotent-answer';

/** Encrypts what the database keeps and the service must read back. A stolen database alone tells none of it. */
export class Vault {
  readonly #key: KeyObject;

  constructor(secret: Buffer) {
    this.#key = createSecretKey(secret);
  }

  seal(purpose: VaultPurpose, name: string, secret: Buffer): Buffer {
    return seal(this.#key, contextOf(purpose, name), secret);
  }

  /** @throws Error for bytes of another row or purpose, and for damaged ones */
  open(purpose: VaultPurpose, name: string, sealed: Buffer): Buffer {
    const secret = unseal(this.#key, contextOf(purpose, name), sealed);
    if (secret === null) throw new Error(`The ${purpose} of ${name} can't be opened`);
    return secret;
  }
}

/** Without it, whoever writes to the database could swap two rows and make one secret stand for another. */
const contextOf = (purpose: VaultPurpose, name: string) => Buffer.from(`mooring:vault:${purpose}:${name}`);
