import { randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentFault } from '../errors.js';
import { Replacement } from './atomic-file.js';
import { seal } from './seal.js';
import type { AgentState } from './state.js';
import { KEY_BYTES, KEY_FILE_BYTES, keyText } from './state-key.js';
import { explained } from './unwritable.js';

/** Enough for any likely state: a lease and a refusal are a few kilobytes each. */
const STATE_ROOM_BYTES = 32 * 1024;

export interface Plan {
  readonly stateFile: string;
  readonly keyFile: string;
  /** Null: a new one is made with the first state. */
  readonly key: Buffer | null;
  /** Damaged files to be moved out of the way by the first save, each with where to. */
  readonly moves: ReadonlyMap<string, string>;
  readonly isLocked: () => boolean;
}

/** Writes states while the folder is locked. What it needs on the disk it takes before the first of them is known. */
export class StateWriter {
  readonly #plan: Plan;
  readonly #key: Buffer;
  readonly #moves: Map<string, string>;
  #mustWriteKey: boolean;
  #newKey: Replacement | null = null;
  #newState: Replacement | null = null;
  #isClosed = false;

  private constructor(plan: Plan) {
    this.#plan = plan;
    this.#key = plan.key ?? randomBytes(KEY_BYTES);
    this.#mustWriteKey = plan.key === null;
    this.#moves = new Map(plan.moves);
  }

  static async open(plan: Plan): Promise<StateWriter> {
    const writer = new StateWriter(plan);
    try {
      if (plan.key === null) writer.#newKey = await take(plan.keyFile, KEY_FILE_BYTES);
      writer.#newState = await take(plan.stateFile, STATE_ROOM_BYTES);
    } catch (error) {
      await writer.close();
      throw error;
    }
    return writer;
  }

  /** When it returns, the state is on the disk; when it throws, the one before still is. */
  async save(state: AgentState): Promise<void> {
    if (this.#isClosed) throw new Error('The folder is no longer locked for this change');
    if (!this.#plan.isLocked()) {
      throw new AgentFault(
        'BUSY',
        `The process that held the lock on ${dirname(this.#plan.stateFile)} was ended from outside, so nothing was saved. Try again.`,
      );
    }
    const text = seal(state, this.#key);
    await this.#moveAside();
    if (this.#mustWriteKey) await this.#writeKey();
    const { stateFile } = this.#plan;
    const replacement = this.#newState ?? (await take(stateFile, STATE_ROOM_BYTES));
    this.#newState = null;
    await explained(stateFile, () => replacement.put(text));
  }

  async #moveAside(): Promise<void> {
    for (const [from, to] of this.#moves) {
      await explained(from, () => rename(from, to));
      this.#moves.delete(from);
    }
  }

  async #writeKey(): Promise<void> {
    const { keyFile } = this.#plan;
    const replacement = this.#newKey ?? (await take(keyFile, KEY_FILE_BYTES));
    this.#newKey = null;
    await explained(keyFile, () => replacement.put(keyText(this.#key)));
    this.#mustWriteKey = false;
  }

  /** Gives back what was taken and not used. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#newKey?.discard();
    await this.#newState?.discard();
  }
}

const take = (file: string, roomBytes: number) => explained(file, () => Replacement.open(file, roomBytes));
