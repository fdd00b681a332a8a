import { lstat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemClock, type Clock } from '../clock.js';
import { AgentFault, systemCode } from '../errors.js';
import { sweepTemporaries } from './atomic-file.js';
import type { Lock } from './lock-holder.js';
import { tryWithLock, withLock, type LockOptions } from './lock.js';
import { makeFolders } from './make-folder.js';
import { readPrivate } from './private-file.js';
import { isNewerFormat, unseal } from './seal.js';
import { readKey } from './state-key.js';
import { StateWriter } from './state-writer.js';
import type { AgentState } from './state.js';
import { explained } from './unwritable.js';

/** Replaces the state as a whole; when it returns, the new one is on the disk. */
export type Save = (next: AgentState) => Promise<void>;
/** What is done with the state while nobody else can touch it. */
export type Work<T> = (state: AgentState | null, save: Save) => Promise<T>;

export interface ChangeOptions extends LockOptions {
  /** Begin anew where the state is damaged; what is there is moved aside by the first `save`. */
  readonly evenIfDamaged?: boolean;
}

const isDamage = (error: unknown) => error instanceof AgentFault && error.code === 'STATE_DAMAGED';

/** Where an agent keeps what it knows: `state.json`, the key of its seal `state.key`, and `state.lock`. */
export class StateFolder {
  readonly dir: string;
  readonly #clock: Clock;
  readonly #file: string;
  readonly #keyFile: string;
  readonly #lock: string;

  constructor(dir: string, clock: Clock = systemClock) {
    this.dir = resolve(dir);
    this.#clock = clock;
    this.#file = join(this.dir, 'state.json');
    this.#keyFile = join(this.dir, 'state.key');
    this.#lock = join(this.dir, 'state.lock');
  }

  /**
   * The state, without waiting for anyone; null before the first activation. AgentFault STATE_DAMAGED when it is not
   * as an agent wrote it.
   */
  async read(): Promise<AgentState | null> {
    const text = await readPrivate(this.#file);
    return text === null ? null : unseal(text, await readKey(this.#keyFile), this.#file);
  }

  /**
   * Runs the work with the state as it is now, while no other process or call works on the folder. Before it runs, the
   * room for a new state is taken: an answer of the service must not be lost to a full disk after it was asked for.
   */
  async change<T>(work: Work<T>, options: ChangeOptions = {}): Promise<T> {
    await this.prepare();
    return withLock(this.#lock, (lock) => this.#session(work, lock, options.evenIfDamaged ?? false), options);
  }

  /** The same, but null at once when someone else works on the folder. */
  async tryChange<T>(work: Work<T>): Promise<T | null> {
    await this.prepare();
    return tryWithLock(this.#lock, (lock) => this.#session(work, lock, false));
  }

  /** Makes the folder, and keeps root from taking the files of the user that the panel runs as. */
  async prepare(): Promise<void> {
    await explained(this.dir, () => makeFolders(this.dir));
    const owner = await explained(this.#file, () => lstat(this.#file).catch(absent));
    const self = process.geteuid?.();
    if (owner === null || self === undefined || owner.uid === self) return;
    throw new AgentFault(
      'STATE_UNWRITABLE',
      `${this.#file} belongs to user id ${owner.uid}, and the agent runs as ${self}. Run it as its owner, for example: sudo -u '#${owner.uid}' mooring-agent status`,
    );
  }

  async #session<T>(work: Work<T>, { isHeld }: Pick<Lock, 'isHeld'>, evenIfDamaged: boolean): Promise<T> {
    await explained(this.dir, () => sweepTemporaries(this.dir, [this.#file, this.#keyFile]));
    const moves = new Map<string, string>();
    const orAnew = async <R>(file: string, reading: Promise<R>): Promise<R | null> => {
      try {
        return await reading;
      } catch (error) {
        if (!evenIfDamaged || !isDamage(error) || (await this.#isNewer())) throw error;
        moves.set(file, `${file}.damaged-${this.#clock.now().toISOString().replaceAll(':', '-')}`);
        return null;
      }
    };
    const state = await orAnew(this.#file, this.read());
    const key = await orAnew(this.#keyFile, readKey(this.#keyFile));
    const files = { stateFile: this.#file, keyFile: this.#keyFile };
    const writer = await StateWriter.open({ ...files, key, moves, isLocked: isHeld });
    try {
      return await work(state, (next) => writer.save(next));
    } finally {
      await writer.close();
    }
  }

  /** What a newer agent wrote is no damage: this one does not know what would be lost with it. */
  async #isNewer(): Promise<boolean> {
    const text = await readPrivate(this.#file).catch(() => null);
    return text !== null && isNewerFormat(text);
  }
}

function absent(error: unknown): null {
  if (systemCode(error) === 'ENOENT') return null;
  throw error;
}
