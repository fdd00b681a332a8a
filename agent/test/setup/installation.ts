import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const AGENT = fileURLToPath(new URL('../..', import.meta.url));

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface Installation {
  /** Where the agent's own package lies. */
  readonly folder: string;
  readonly modules: string;
  /** `name@version` of all that was installed, the agent included. */
  readonly packages: readonly string[];
}

const manifestOf = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));

/** Where Node would find a package that is asked for from a folder. */
async function find(name: string, from: string): Promise<string> {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = await realpath(join(folder, 'node_modules', name)).catch(() => null);
    if (found !== null) return found;
    if (folder === dirname(folder)) throw new Error(`${name} is not installed for ${from}`);
  }
}

/**
 * Installs the agent's tarball into an empty folder. The tests must pass without a network, so its dependencies are not asked
 * of the registry: what `npm ci` has already brought is copied, by following the packed package.json and theirs. What npm
 * itself makes of the tarball is tried by .ci/agent-package.
 */
export async function installPacked(empty: string): Promise<Installation> {
  // Without scripts: the package was just built, and other tests run what a new build would first remove.
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', empty], {
    cwd: AGENT,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const modules = join(empty, 'node_modules');
  const folder = join(modules, 'mooring-agent');
  await mkdir(folder, { recursive: true });
  await run('tar', ['-xzf', join(empty, filename), '-C', folder, '--strip-components=1']);

  const sources = new Map([['mooring-agent', AGENT]]);
  const packages: string[] = [];
  for (const [name, source] of sources) {
    const target = join(modules, name);
    if (name !== 'mooring-agent') {
      await cp(source, target, { recursive: true, filter: (path) => path !== join(source, 'node_modules') });
    }
    const { version, dependencies = {} } = await manifestOf(target);
    packages.push(`${name}@${version}`);
    for (const dependency of Object.keys(dependencies)) {
      const found = await find(dependency, source);
      const known = sources.get(dependency);
      // Two versions of one package would need a folder within a folder, and are not wanted at all.
      if (known !== undefined && known !== found) throw new Error(`There are two versions of ${dependency}.`);
      sources.set(dependency, found);
    }
  }
  return { folder, modules, packages };
}
