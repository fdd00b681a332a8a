import { randomBytes, randomInt } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { Bounded } from './bounded.js';

/** OWASP's argon2id parameters: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };

/** Argon2id in the library's numbers, whose enum does not survive `isolatedModules`. */
const ARGON2ID = 2;

/**
 * Hashing has two of the four threads of libuv, which files and name look-ups need as well, and 38 MiB at most. Two of them
 * do some hundred log-ins a second, so the last of those that wait is served within a second.
 */
const BOUNDS = { running: 2, waiting: 64 };

/** Code points; there is no rule about classes of characters: they make passwords worse. */
export const PASSWORD_MIN = 12;

/** Longer ones are refused before they are hashed: nobody types them. */
export const PASSWORD_MAX = 256;

/** Without 0 O o 1 l I, which are read and typed for one another. */
const UNAMBIGUOUS = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789';

const GENERATED_LENGTH = 20;

/** 20 characters, about 116 bits. */
export const generatePassword = (): string =>
  Array.from({ length: GENERATED_LENGTH }, () => UNAMBIGUOUS[randomInt(UNAMBIGUOUS.length)]).join('');

/** Two keyboards may write the same letter as one character or as two. */
const normalized = (password: string) => password.normalize('NFC');

/** An argon2id hash in the PHC form, parameters and salt included. */
export const hashPassword = (password: string): Promise<string> =>
  hash(normalized(password), { ...PARAMETERS, algorithm: ARGON2ID });

/** Whether a hash was made with other parameters than those in force. */
export function isOutdated(stored: string): boolean {
  const { algorithm, memoryCost, timeCost, parallelism, outputLen } = parseOptions(stored);
  return (
    (algorithm as number) !== ARGON2ID ||
    memoryCost !== PARAMETERS.memoryCost ||
    timeCost !== PARAMETERS.timeCost ||
    parallelism !== PARAMETERS.parallelism ||
    outputLen !== PARAMETERS.outputLen
  );
}

/** Hashes and verifies passwords, a bounded number at a time. */
export class Passwords {
  readonly #bounded = new Bounded(BOUNDS);

  private constructor(private readonly nobodys: string) {}

  /** Makes the hash that stands in for the one of a user that does not exist. */
  static async create(): Promise<Passwords> {
    return new Passwords(await hashPassword(randomBytes(32).toString('hex')));
  }

  hash(password: string): Promise<string> {
    return this.#bounded.run(() => hashPassword(password));
  }

  /**
   * One verification whatever is stored: without a hash it is made against nobody's, so that the time does not tell whether
   * there is such a user. @throws ApiError 503 when too many wait
   */
  async verify(stored: string | null, password: string): Promise<boolean> {
    const matches = await this.#bounded.run(() => verify(stored ?? this.nobodys, normalized(password)));
    return matches && stored !== null;
  }
}
