import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StartupError } from '../startup-error.js';
import { FORMAT, seal, unseal } from './sealed-box.js';

const KEY_BYTES = 32;

const BASE64_OF_32_BYTES = /^[A-Za-z0-9+/_-]{43}=?$/;

/** What a wrapped secret is for; with its name it is bound into the ciphertext. */
export type WrapPurpose = 'data-key' | 'signing-key';

/** The bytes were not wrapped by this master key, or belong to another row, or are damaged: GCM can't tell which. */
export class UnwrapError extends Error {
  override readonly name = 'UnwrapError';

  constructor(purpose: WrapPurpose, name: string) {
    super(`The ${purpose} '${name}' can't be unwrapped with this master key`);
  }
}

/** Wraps the data keys and signing keys kept in the database; it encrypts nothing else. */
export class MasterKey {
  readonly #key: KeyObject;

  constructor(bytes: Buffer) {
    if (bytes.length !== KEY_BYTES) throw new RangeError(`A master key has ${KEY_BYTES} bytes`);
    this.#key = createSecretKey(bytes);
  }

  wrap(purpose: WrapPurpose, name: string, secret: Buffer): Buffer {
    return seal(this.#key, associatedData(purpose, name), secret);
  }

  /** The inverse of `wrap` for the same purpose and name; throws `UnwrapError`. */
  unwrap(purpose: WrapPurpose, name: string, wrapped: Buffer): Buffer {
    const secret = unseal(this.#key, associatedData(purpose, name), wrapped);
    if (secret === null) throw new UnwrapError(purpose, name);
    return secret;
  }
}

/** Without it, whoever writes to the database could swap two rows and make one key stand for another. */
const associatedData = (purpose: WrapPurpose, name: string) =>
  Buffer.from(`mooring:${purpose}:${FORMAT}:${name}`);

/** Reads 32 bytes in base64 (either alphabet); throws a `StartupError` that never repeats the value. */
export function parseMasterKey(base64: string): MasterKey {
  const text = base64.trim();
  // Buffer.from skips what is not base64, so a mangled setting would silently become another key.
  if (!BASE64_OF_32_BYTES.test(text)) {
    throw new StartupError(
      'MASTER_KEY must be 32 bytes in base64, as `openssl rand -base64 32` prints them.',
    );
  }
  return new MasterKey(Buffer.from(text, 'base64'));
}

/**
 * The master key kept in a file, made on the first start; its folder exists. `created` tells that it is new, so that the
 * operator can be warned to keep a copy. Throws a `StartupError` for a file that can't be read, made or understood.
 */
export async function loadOrCreateMasterKeyFile(path: string): Promise<{ key: MasterKey; created: boolean }> {
  try {
    const found = await readIfThere(path);
    if (found !== null) return { key: parseMasterKeyFile(path, found), created: false };
    const text = randomBytes(KEY_BYTES).toString('base64');
    const created = await createOnce(path, `${text}\n`);
    return { key: parseMasterKeyFile(path, created ? text : await readFile(path, 'utf8')), created };
  } catch (error) {
    if (error instanceof StartupError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(`The master key file ${path} can't be used: ${code ?? 'unknown error'}.`, {
      cause: error,
    });
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parseMasterKeyFile(path: string, text: string): MasterKey {
  if (!BASE64_OF_32_BYTES.test(text.trim())) {
    throw new StartupError(`The master key file ${path} is damaged: it must hold 32 bytes in base64.`);
  }
  return parseMasterKey(text);
}

/**
 * Writes the file whole or not at all, and never over another; answers whether this call made it. The content is on the
 * disk under another name before the link makes it appear: a crash in between must not leave an empty key, and a key
 * that the disk forgets would take every secret in the database with it.
 */
async function createOnce(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Runs a step of the start; a secret that can't be unwrapped there is a refusal to start, said in one sentence. */
export async function refuseWrongMasterKey<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof UnwrapError)) throw error;
    throw new StartupError(
      'MASTER_KEY does not fit this database: it is not the key that wrapped the keys kept there.',
      { cause: error },
    );
  }
}
