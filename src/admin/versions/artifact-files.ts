import { Injectable, Logger } from '@nestjs/common';
import { loggable } from '../../http/log-safe.js';
import { ArtifactStorage } from '../../storage/artifact-storage.js';

/** Removes files that no row refers to any more. */
@Injectable()
export class ArtifactFiles {
  private readonly logger = new Logger('Storage');

  constructor(private readonly storage: ArtifactStorage) {}

  /** The change itself is done: a file that can't be removed now costs room and nothing else, so it is only told. */
  async remove(artifacts: readonly { readonly storageKey: string }[]): Promise<void> {
    for (const { storageKey } of artifacts) {
      try {
        await this.storage.remove(storageKey);
      } catch (error) {
        this.logger.warn({ err: loggable(error), storage_key: storageKey }, 'A file could not be removed');
      }
    }
  }
}
