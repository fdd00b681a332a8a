import type { Disk } from 'flydrive';
import type { StagedFile } from './staging.js';

/** How a file is to be handed out. */
export interface ServeOptions {
  readonly method: 'GET' | 'HEAD';
  /** The header's whole value. */
  readonly contentDisposition: string;
}

/** Where the bytes are: a file of this machine to stream, or a short-lived address to send the caller to. */
export type Served =
  | { readonly kind: 'file'; readonly root: string; readonly path: string }
  | { readonly kind: 'redirect'; readonly url: string };

/** A kind of storage. What all have in common is flydrive's; putting and serving each does in its own best way. */
export interface Backend {
  readonly disk: Disk;
  /** Where uploads are staged before `put`. */
  readonly stagingFolder: string;
  /** The largest file it takes, in bytes. */
  readonly maxBytes: number;
  /** Puts a staged file under its key, whole or not at all. The staged file may be gone afterwards. */
  put(file: StagedFile, key: string): Promise<void>;
  serve(key: string, options: ServeOptions): Promise<Served>;
}
