import { join } from 'node:path';
import { AgentFault } from '../errors.js';
import { JUST_KILLED_MS, withLock } from '../state/lock.js';
import { makeFolder } from './folder-faults.js';
import { isWhole } from './hashing.js';
import { PartFile, finalPath } from './part-file.js';
import { checkRoom } from './room.js';
import { Transfer, type TransferMeans } from './transfer.js';
import type { VerifiedDownload } from './verified-download.js';

const MAX_REPLACEMENTS = 3;

export interface FileTask extends TransferMeans {
  readonly download: VerifiedDownload;
  readonly folder: string;
}

/** A whole file under its own name. */
export interface FetchedFile {
  readonly path: string;
  /** What it is; another artifact than was asked for when that was replaced meanwhile. */
  readonly download: VerifiedDownload;
}

const wrongBytes = ({ filename }: VerifiedDownload) =>
  new AgentFault(
    'DOWNLOAD_BROKEN',
    `The bytes of ${filename} are not those that were signed, so they were thrown away and nothing was installed. Try again; if it stays like this, something between here and the service changes them.`,
  );

/**
 * Fetches a file into a folder, going on where an earlier run was interrupted. The file gets its name only when its size
 * and its SHA-256 are those that were signed, so that at any moment there is no such file or the right one.
 * AgentFault BUSY while another agent fetches into the folder; DISK_FULL, STATE_UNWRITABLE, DOWNLOAD_BROKEN, UNREACHABLE,
 * and whatever `renew` throws.
 */
export const fetchFile = (task: FileTask): Promise<FetchedFile> =>
  inFolder(task.folder, () => fetchAlone(task));

/** Works in a folder of downloads while no other agent does: nobody replaces a file while it is installed. AgentFault BUSY. */
export async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await makeFolder(folder);
  return withLock(join(folder, 'download.lock'), work, { waitMs: JUST_KILLED_MS });
}

/** `fetchFile` within `inFolder`. */
export async function fetchAlone(task: FileTask): Promise<FetchedFile> {
  let { download } = task;
  for (let replaced = 0; replaced <= MAX_REPLACEMENTS; replaced += 1) {
    const instead = await fetchOne(download, task);
    if (instead === null) return { path: finalPath(task.folder, download), download };
    download = instead;
  }
  throw new AgentFault(
    'DOWNLOAD_BROKEN',
    `The file of version ${download.version} is replaced again and again. Try again later.`,
  );
}

/** Null when the file is there under its name; otherwise the file that took its place. */
async function fetchOne(download: VerifiedDownload, task: FileTask): Promise<VerifiedDownload | null> {
  const path = finalPath(task.folder, download);
  if (await isWhole(path, download)) return null;
  const part = await PartFile.open(task.folder, download);
  try {
    return await fill(part, download, task);
  } finally {
    task.progress.end();
    await part.close();
  }
}

async function fill(part: PartFile, download: VerifiedDownload, task: FileTask) {
  const { folder, progress } = task;
  for (let isFirst = true; ; isFirst = false) {
    await checkRoom(folder, download.size - part.size);
    progress.begin({ filename: download.filename, size: download.size, received: part.size });
    const transfer = new Transfer(part, task, download);
    const instead = await transfer.run();
    if (instead !== null) {
      await part.remove();
      return instead;
    }
    if (await part.isRight(download)) {
      await part.finish(finalPath(folder, download));
      return null;
    }
    const isWorthAnother = isFirst && (part.holdsOldBytes || transfer.isGlued);
    if (!isWorthAnother) {
      await part.remove();
      throw wrongBytes(download);
    }
    progress.end();
    progress.say('The parts of the download do not fit together; starting anew.');
    await part.restart();
  }
}
