import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { VerifiedDownload } from './verified-download.js';

const PIECE_BYTES = 1024 * 1024;

/** What a file is told by, however it came here. */
export type Artifact = Pick<VerifiedDownload, 'size' | 'sha256'>;

/** Whether the file has just the bytes that were signed. They are read back: what is on the disk is what gets installed. */
export async function hasBytesOf(handle: FileHandle, { size, sha256 }: Artifact): Promise<boolean> {
  if ((await handle.stat()).size !== size) return false;
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, Math.max(size, 1)));
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return at === size && hash.digest('hex') === sha256;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Whether that very file is there already. */
export async function isWhole(path: string, artifact: Artifact): Promise<boolean> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => null);
  if (handle === null) return false;
  try {
    return (await handle.stat()).isFile() && (await hasBytesOf(handle, artifact));
  } finally {
    await handle.close();
  }
}
