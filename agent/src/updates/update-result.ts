import type { FetchedFile } from './download.js';
import type { UpdateStatus } from './update-status.js';

/** What an update has done. */
export interface UpdateResult {
  /** Whether the panel was brought to another version. */
  readonly updated: boolean;
  /** Whether the file at `path` was installed; false where there is none, or where it was only downloaded. */
  readonly installed: boolean;
  readonly from_version: string;
  /** The version that was installed last or, when nothing was, that runs. */
  readonly version: string;
  /** The version of the file at `path`. */
  readonly downloaded_version: string | null;
  /** The file that was downloaded last. */
  readonly path: string | null;
  /** A newer release exists that only the license's right to updates hides. */
  readonly updates_expired: boolean;
  /** A sentence or two about all that. */
  readonly message: string;
}

/** A version that the hook has installed. */
export interface Installed {
  readonly version: string;
  readonly file: FetchedFile;
}

const EXPIRED =
  ' A newer release exists, but the license has no right to it any more: ask your vendor to extend the right to updates.';

/** How far an update has come. */
export interface SoFar {
  readonly fromVersion: string;
  readonly last: Installed | null;
  readonly updatesExpired: boolean;
}

const resultOf = ({ fromVersion, last, updatesExpired }: SoFar) => ({
  updated: last !== null,
  installed: last !== null,
  from_version: fromVersion,
  version: last?.version ?? fromVersion,
  downloaded_version: last?.file.download.version ?? null,
  path: last?.file.path ?? null,
  updates_expired: updatesExpired,
});

const updatedTo = ({ fromVersion, last }: SoFar): string =>
  last === null
    ? `Version ${fromVersion} runs, and there is nothing newer for it.`
    : `Updated from ${fromVersion} to ${last.version}.`;

/** There is nothing left to do. */
export const finished = (so: SoFar): UpdateResult => ({
  ...resultOf(so),
  message: updatedTo(so) + (so.updatesExpired ? EXPIRED : ''),
});

/** One version was installed, and which one runs now only the panel knows. */
export const oneStep = (so: SoFar): UpdateResult => ({
  ...resultOf(so),
  message: `${updatedTo(so)} The version is set by hand, so run the update again when that is changed; a version file lets it go on by itself.`,
});

/** It was cancelled while a version was being installed, which was done to its end. */
export const stopped = (so: SoFar): UpdateResult => ({
  ...resultOf(so),
  message: `${updatedTo(so)} It was stopped there; run the update again to see whether there is more.`,
});

/** A file was fetched and not installed. */
export const downloaded = (so: SoFar, { path, download }: FetchedFile, why: string): UpdateResult => ({
  ...resultOf(so),
  installed: false,
  downloaded_version: download.version,
  path,
  message: `${so.last === null ? '' : `${updatedTo(so)} `}Version ${download.version} is downloaded to ${path}. ${why}`,
});

/** What is kept of a result in the status. */
export const endOf = ({
  installed,
  path,
  message,
  updates_expired,
}: UpdateResult): Pick<UpdateStatus, 'state' | 'installed' | 'path' | 'message' | 'updates_expired'> => ({
  state: path === null || installed ? 'done' : 'downloaded',
  installed,
  path,
  message,
  updates_expired,
});
