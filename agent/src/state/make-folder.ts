import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemCode } from '../errors.js';

const PRIVATE = 0o700;

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/**
 * Makes a folder, and those above it, for its owner alone; one that is there stays as it is. Node's own way never ends
 * below a folder that takes none, such as /proc, and hides behind ENOENT that a disk is read-only.
 */
export async function makeFolders(given: string): Promise<void> {
  const path = resolve(given);
  try {
    await mkdir(path, { mode: PRIVATE });
  } catch (error) {
    if (await isFolder(path)) return;
    const above = dirname(path);
    if (systemCode(error) !== 'ENOENT' || above === path) throw error;
    await makeFolders(above);
    await mkdir(path, { mode: PRIVATE }).catch(async (again: unknown) => {
      // Another agent may have been quicker.
      if (!(await isFolder(path))) throw again;
    });
  }
}
