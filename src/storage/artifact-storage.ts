import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from '../config.js';
import { StartupError } from '../startup-error.js';
import type { Backend, Served, ServeOptions } from './backend.js';
import { LocalBackend } from './local-backend.js';
import type { S3Credentials } from './s3-backend.js';
import { Staging, type StagedFile } from './staging.js';
import { storageLocation, type StorageLocation } from './storage-location.js';

export type StorageSettings = Pick<
  Config,
  'STORAGE_URL' | 'MAX_UPLOAD_BYTES' | 'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY' | 'AWS_SESSION_TOKEN'
> & { readonly DATA_DIR: string };

/** A file in its place, under a key that says nothing of its name. */
export interface KeptFile extends Pick<StagedFile, 'size' | 'sha256'> {
  readonly key: string;
}

/** Null leaves it to what the SDK finds by itself: files, roles, the metadata of the machine. */
function credentialsIn(settings: StorageSettings): S3Credentials | null {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = settings;
  if (accessKeyId === null || secretAccessKey === null) return null;
  return { accessKeyId, secretAccessKey, ...(sessionToken !== null && { sessionToken }) };
}

async function openBackend(location: StorageLocation, settings: StorageSettings): Promise<Backend> {
  if (location.kind === 'local') return new LocalBackend(location.folder);
  // Loaded only where it is used: Amazon's SDK costs a quarter of a second and 40 MB.
  const { S3Backend } = await import('./s3-backend.js');
  return S3Backend.open(location, credentialsIn(settings), join(settings.DATA_DIR, 'staging'));
}

/** The files of artifacts, wherever STORAGE_URL says that they are. */
export class ArtifactStorage {
  private constructor(
    private readonly backend: Backend,
    private readonly staging: Staging,
    private readonly folder: string,
    private readonly maxBytes: number,
  ) {}

  /** @throws StartupError for a setting that can't be used and for a folder that can't be written to */
  static async open(settings: StorageSettings): Promise<ArtifactStorage> {
    const location = storageLocation(settings.STORAGE_URL, settings.DATA_DIR);
    const backend = await openBackend(location, settings);
    if (settings.MAX_UPLOAD_BYTES > backend.maxBytes) {
      throw new StartupError(`MAX_UPLOAD_BYTES can be ${backend.maxBytes} at most with this STORAGE_URL.`);
    }
    const staging = await Staging.open(backend.stagingFolder);
    const prefix = location.kind === 's3' ? location.prefix : '';
    return new ArtifactStorage(backend, staging, join(prefix, 'artifacts'), settings.MAX_UPLOAD_BYTES);
  }

  /**
   * Streams a file to its place. Nothing refers to it yet: whoever can't go on must `remove` it.
   * @throws ApiError 413 when it is too large, 400 when it breaks off or is empty; nothing is left then
   */
  async keep(source: Readable): Promise<KeptFile> {
    // A node that runs for months would otherwise keep what it failed to remove.
    await this.staging.sweep();
    const file = await this.staging.receive(source, this.maxBytes);
    try {
      const key = `${this.folder}/${uuidv7()}`;
      await this.backend.put(file, key);
      return { key, size: file.size, sha256: file.sha256 };
    } finally {
      await rm(file.path, { force: true });
    }
  }

  /** Removes a file; one that is gone already is no error. */
  remove(key: string): Promise<void> {
    return this.backend.disk.delete(key);
  }

  serve(key: string, options: ServeOptions): Promise<Served> {
    return this.backend.serve(key, options);
  }
}
