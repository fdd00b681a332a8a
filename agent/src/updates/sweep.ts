import { lstat, unlink } from 'node:fs/promises';

/** Removes files that this agent has downloaded earlier, but those to keep; answers the ones that are still there. */
export async function sweepDownloads(
  files: readonly string[],
  keep: ReadonlySet<string>,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const path of files) {
    if (keep.has(path)) {
      left.push(path);
      continue;
    }
    // A folder, or a link, that has the name now is not what was downloaded.
    const isFile = await lstat(path).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (isFile) await unlink(path).catch(() => left.push(path));
  }
  return left;
}
