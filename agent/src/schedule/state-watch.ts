import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Whether the state was replaced since it was last asked. By its marks on the disk, for they are there on every file
 * system; what the kernel tells of a folder is not there on network disks and in some containers.
 */
export class StateWatch {
  readonly #file: string;
  #marks: string | null = null;

  constructor(folder: string) {
    this.#file = join(folder, 'state.json');
  }

  async hasChanged(): Promise<boolean> {
    const before = this.#marks;
    this.#marks = await this.#look();
    return this.#marks !== before;
  }

  async #look(): Promise<string> {
    try {
      const { ino, size, mtimeMs } = await stat(this.#file);
      return `${ino} ${size} ${mtimeMs}`;
    } catch {
      return 'none';
    }
  }
}
