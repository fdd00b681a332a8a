import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Disk } from 'flydrive';
import { FSDriver } from 'flydrive/drivers/fs';
import { makeFolder } from '../folders.js';
import type { Backend, Served } from './backend.js';
import type { StagedFile } from './staging.js';

/** A folder of this machine. */
export class LocalBackend implements Backend {
  readonly disk: Disk;
  /** On the same file system, so that putting a file is a rename. */
  readonly stagingFolder: string;
  readonly maxBytes = Number.MAX_SAFE_INTEGER;

  constructor(private readonly folder: string) {
    this.disk = new Disk(new FSDriver({ location: folder, visibility: 'private' }));
    this.stagingFolder = join(folder, 'staging');
  }

  /**
   * flydrive would copy the file a second time, and a crash in the middle would leave half of it under the key; a
   * rename is whole or not at all. The folder is flushed too, or a power cut could take the name away again.
   */
  async put({ path }: StagedFile, key: string): Promise<void> {
    const target = join(this.folder, key);
    await makeFolder(dirname(target), 0o700);
    await rename(path, target);
    const folder = await open(dirname(target));
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async serve(key: string): Promise<Served> {
    return { kind: 'file', root: this.folder, path: key };
  }
}
