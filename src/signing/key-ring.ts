import type { KeyObject } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { Clock } from '../clock.js';
import { extendCover, insertSigningKey, lockKeyRing, readKeyRing } from '../database/key-store.js';
import { independently } from '../database/unit-of-work.js';
import { JWS_TYPES, signCompact, type JwsType } from './jws.js';
import { SignatureCache } from './signature-cache.js';
import { isUsable, jwkSetAt, signerAt, type JwkSet } from './key-rules.js';
import { refuseWrongMasterKey, type MasterKey } from './master-key.js';
import {
  generateSigningKey,
  openSigningKey,
  publicPart,
  UnusableKeyError,
  type SigningKey,
} from './signing-key.js';

const DAY_IN_MS = 86_400_000;

/** A lease may be asked for again within an hour: so many are renewed in one by three million panels. 10 MB. */
const REMEMBERED_LEASES = 2 ** 17;

export interface KeyRingOptions {
  readonly dataSource: DataSource;
  readonly masterKey: MasterKey;
  readonly clock: Clock;
  /** The `iss` of whatever is signed: PUBLIC_URL. */
  readonly issuer: string;
}

/** This node's copy of the signing keys. Call `start` first, and `ensureVersion` with every version read from the database. */
export class KeyRing {
  readonly issuer: string;
  readonly #dataSource: DataSource;
  readonly #masterKey: MasterKey;
  readonly #clock: Clock;

  #version = '0';
  #keys: readonly SigningKey[] = [];
  #privateKeys: ReadonlyMap<string, KeyObject> = new Map();
  #reloading: Promise<void> | null = null;
  #nextReload: Promise<void> | null = null;
  /** Of all that is signed, only leases are answered twice. */
  readonly #leases = new SignatureCache(REMEMBERED_LEASES);
  readonly #extending = new Map<string, Promise<void>>();

  constructor({ dataSource, masterKey, clock, issuer }: KeyRingOptions) {
    this.#dataSource = dataSource;
    this.#masterKey = masterKey;
    this.#clock = clock;
    this.issuer = issuer;
  }

  /** Loads the ring; the first node of an empty database makes the first key. Throws `StartupError` for a wrong master key. */
  async start(): Promise<void> {
    await refuseWrongMasterKey(async () => {
      await this.#dataSource.transaction(async (transaction) => {
        await lockKeyRing(transaction);
        const { keys } = await readKeyRing(transaction);
        if (keys.length > 0) return;
        const now = this.#clock.now();
        const first = await generateSigningKey(this.#masterKey, { createdAt: now, signsFrom: now });
        await insertSigningKey(transaction, first);
      });
      await this.#reload();
    });
  }

  /** Catches up with the `key_ring.version` that the facts of a request were read with: at least that, maybe newer. */
  async ensureVersion(version: string): Promise<void> {
    if (version !== this.#version) await this.#reload();
  }

  /** Whether this copy is that version. Inside a transaction, where `ensureVersion` may not load, ask this and start over. */
  isCurrent(version: string): boolean {
    return version === this.#version;
  }

  /** The key that signs at `now`. */
  signer(now: Date): SigningKey {
    const signer = signerAt(this.#keys, now);
    if (signer === undefined) throw new Error('The key ring is used before it was started');
    return signer;
  }

  /** Whether what this key signed may be answered again: the key is known and not compromised. */
  isUsable(kid: string): boolean {
    return this.#keys.some((key) => key.kid === kid && isUsable(key));
  }

  /**
   * A compact JWS by the present signer, or by the key `kid` to repeat what it signed before: the same claims then give
   * the same bytes. `validUntil` is the last moment at which anyone may rely on it (the grace's end of a lease): until then
   * the key stays published. About once a day this takes a connection from the pool to say so, so call it outside of
   * transactions: those that hold all connections would wait for one more. Throws `UnusableKeyError`.
   */
  async sign(
    typ: JwsType,
    claims: object,
    {
      kid = this.signer(this.#clock.now()).kid,
      validUntil,
    }: { readonly kid?: string; readonly validUntil: Date },
  ): Promise<string> {
    // An invalid date is neither before nor after any other: it would pass as covered.
    if (Number.isNaN(validUntil.getTime())) throw new RangeError('validUntil is not a time');
    while (this.#find(kid).coversUntil < validUntil) await this.#extendCover(kid, validUntil);
    const privateKey = this.#privateKeys.get(kid);
    if (privateKey === undefined) throw new UnusableKeyError(kid);
    return signCompact(privateKey, kid, typ, claims, typ === JWS_TYPES.lease ? this.#leases : undefined);
  }

  /** What panels are told at `now`. Always read anew: another node may have extended a cover or buried a key a moment ago. */
  async jwks(now: Date): Promise<JwkSet> {
    await this.#reload();
    return jwkSetAt(this.#keys, now);
  }

  #find(kid: string): SigningKey {
    const key = this.#keys.find((candidate) => candidate.kid === kid);
    if (key === undefined) throw new UnusableKeyError(kid);
    return key;
  }

  /** Moves the cover a day further than asked, so that this is one statement a day and not one for each lease. */
  #extendCover(kid: string, validUntil: Date): Promise<void> {
    const extending = this.#extending.get(kid);
    if (extending !== undefined) return extending;
    const started = this.#storeCover(kid, new Date(validUntil.getTime() + DAY_IN_MS)).finally(() =>
      this.#extending.delete(kid),
    );
    this.#extending.set(kid, started);
    return started;
  }

  async #storeCover(kid: string, until: Date): Promise<void> {
    // Whatever becomes of the request, what is remembered below must have been stored.
    const coversUntil = await independently(() => extendCover(this.#dataSource.manager, kid, until));
    if (coversUntil === null) throw new UnusableKeyError(kid);
    this.#keys = this.#keys.map((key) => (key.kid === kid ? { ...key, coversUntil } : key));
  }

  /**
   * Resolves with a load that began after the call; callers that arrive during one share the next. Joining the one under
   * way would not do: it may have read the ring before the change that the caller knows of.
   */
  #reload(): Promise<void> {
    if (this.#reloading === null) {
      this.#reloading = this.#load().finally(() => {
        this.#reloading = null;
      });
      return this.#reloading;
    }
    this.#nextReload ??= this.#reloading
      .catch(() => undefined)
      .then(() => {
        this.#nextReload = null;
        return this.#reload();
      });
    return this.#nextReload;
  }

  async #load(): Promise<void> {
    // Shared by the requests that wait for it, so it is no part of the one that asked first.
    const { version, keys } = await independently(() => readKeyRing(this.#dataSource.manager));
    // A key in memory is not unwrapped again: after a rotation of the master key running nodes can't, and need not.
    const privateKeys = keys
      .filter(isUsable)
      .map(
        (row) => [row.kid, this.#privateKeys.get(row.kid) ?? openSigningKey(this.#masterKey, row)] as const,
      );
    this.#privateKeys = new Map(privateKeys);
    this.#keys = keys.map(publicPart);
    this.#version = version;
  }
}
