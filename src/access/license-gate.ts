import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import { gather, TOGETHER } from '../database/gather.js';
import {
  loadLicenseFacts,
  loadLicenseFactsTogether,
  loadRingVersion,
  type LicenseRecord,
  type LoadedFacts,
} from '../database/license-facts.js';
import { lockFreeLicenses, lockLicense } from '../database/seat-facts.js';
import { inTransaction, onPool, type Run } from '../database/statements.js';
import { parseHardwareId } from '../domain/hardware-id.js';
import { checksumVerdict, normalizeLicenseKey } from '../domain/license-key.js';
import { withoutBuild } from '../domain/version.js';
import { rateLimited } from '../http/errors.js';
import { GuessLimiter } from '../http/limits/guess-limiter.js';
import { Pepper, type KeyHash } from '../signing/data-keys.js';
import { KeyRing } from '../signing/key-ring.js';
import { KnownPrefixes } from './known-prefixes.js';

/** What a panel presents. The fields are validated already. */
export interface Presented {
  readonly licenseKey: string;
  readonly hardwareId: string | null;
  readonly version: string | null;
  readonly address: string;
}

/** A presented key on its way to a decision. */
export interface Knock {
  readonly keyHash: KeyHash<'license-key'>;
  /** The checksum tells a typo: there is nothing to look up. */
  readonly typo: boolean;
  readonly hardwareId: string | null;
  readonly precedence: string | null;
  readonly address: string;
  /** Seconds for which this address has guessed too often; 0 for not at all. */
  readonly blockedForSeconds: number;
  readonly now: Date;
}

type FactsByKey = Parameters<typeof loadLicenseFactsTogether>[1][number];

/** The ring changed while a transaction was open: catch up outside of it and start over. */
class RingMoved extends Error {
  constructor(readonly version: string) {
    super('The key ring has changed');
  }
}

/**
 * The way from a presented key to the facts of its license: normalise, checksum, hash, look up, catch up with the key
 * ring, and keep guessers out. Nothing of it is cached, so that a revocation is seen by the very next call.
 */
@Injectable()
export class LicenseGate {
  private readonly pool: Run;
  private readonly facts: (query: FactsByKey) => Promise<LoadedFacts>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly pepper: Pepper,
    private readonly ring: KeyRing,
    private readonly prefixes: KnownPrefixes,
    private readonly guesses: GuessLimiter,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
    this.facts = gather(
      (queries: readonly FactsByKey[]) => loadLicenseFactsTogether(this.pool, queries),
      TOGETHER,
    );
  }

  async knock(presented: Presented): Promise<Knock> {
    const key = normalizeLicenseKey(presented.licenseKey);
    return {
      keyHash: this.pepper.hash('license-key', key),
      typo: checksumVerdict(key, await this.prefixes.current()) === 'invalid',
      hardwareId: presented.hardwareId === null ? null : parseHardwareId(presented.hardwareId),
      precedence: presented.version === null ? null : withoutBuild(presented.version),
      address: presented.address,
      blockedForSeconds: await this.guesses.blocked(presented.address),
      now: this.clock.now(),
    };
  }

  /** The license as it is now, without a lock; null for an unknown key. Throws 429 for an address that guesses. */
  async look(knock: Knock): Promise<LicenseRecord | null> {
    if (knock.typo) return this.refuseUnknown(knock);
    const { ringVersion, license } = await this.facts(this.query(knock));
    await this.ring.ensureVersion(ringVersion);
    if (license === null) return this.refuseUnknown(knock);
    this.refuseGuesser(knock, license);
    return license;
  }

  /**
   * Runs `work` in a transaction that holds the license row, with the facts as they are under that lock; null for an
   * unknown key. What it returns has been committed.
   */
  async locked<T>(
    knock: Knock,
    work: (license: LicenseRecord, run: Run, manager: EntityManager) => Promise<T>,
  ): Promise<T | null> {
    if (knock.typo) return this.refuseUnknown(knock);
    for (;;) {
      try {
        const found = await this.dataSource.transaction(async (manager) => {
          const run = await inTransaction(manager);
          if (!(await lockLicense(run, { keyHash: knock.keyHash }))) return null;
          const loaded = await loadLicenseFacts(run, this.query(knock));
          if (!this.ring.isCurrent(loaded.ringVersion)) throw new RingMoved(loaded.ringVersion);
          if (loaded.license === null) return null;
          this.refuseGuesser(knock, loaded.license);
          return { result: await work(loaded.license, run, manager) };
        });
        if (found !== null) return found.result;
        return await this.refuseUnknown(knock);
      } catch (error) {
        if (!(error instanceof RingMoved)) throw error;
        await this.ring.ensureVersion(error.version);
      }
    }
  }

  /**
   * The same for calls that came together, in one transaction: `work` gets those whose license row is held, with their
   * facts, in their order; the facts of several calls for one license are of the moment before the first of them. Whoever
   * it does not get has to come by itself: the license is in other hands, or the key is unknown. Keys with a typo and
   * addresses that guess are not to be looked up at all.
   */
  lockedTogether<T>(
    knocks: readonly Knock[],
    work: (held: ReadonlyMap<Knock, LicenseRecord>, run: Run, manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    return this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      const free = await lockFreeLicenses(
        run,
        knocks.map(({ keyHash }) => keyHash),
      );
      const held = knocks.filter(({ keyHash }) => free.has(keyHash.toString('hex')));
      const queries = held.map((knock) => this.query(knock));
      const loaded = queries.length === 0 ? [] : await loadLicenseFactsTogether(run, queries);
      const found = held.flatMap((knock, index) => {
        const { license = null, ringVersion = '' } = loaded[index] ?? {};
        return license !== null && this.ring.isCurrent(ringVersion) ? [[knock, license] as const] : [];
      });
      return work(new Map(found), run, manager);
    });
  }

  /** Catches up with the key ring before something is signed that no facts were read for. */
  async catchUp(): Promise<void> {
    await this.ring.ensureVersion(await loadRingVersion(this.pool));
  }

  private query({ keyHash, hardwareId, precedence, now }: Knock) {
    return { by: { keyHash }, hardwareId, precedence, now };
  }

  /** Null, as often as an address may guess; then a 429. */
  private async refuseUnknown({ address }: Knock): Promise<null> {
    const retryAfter = await this.guesses.count(address);
    if (retryAfter > 0) throw rateLimited(retryAfter);
    return null;
  }

  /** Panels behind one address don't pay for a guesser among them: who holds a seat is let through. */
  private refuseGuesser(knock: Knock, license: LicenseRecord): void {
    if (knock.blockedForSeconds > 0 && license.seat === null) throw rateLimited(knock.blockedForSeconds);
  }
}
