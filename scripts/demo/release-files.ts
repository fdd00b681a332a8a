import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

export interface ReleaseFile {
  readonly version: string;
  readonly path: string;
  readonly filename: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

export async function sha256Of(path: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path), digest);
  return digest.digest('hex');
}

/** Without scripts: packing must neither build nor change anything. */
async function npmPack(...args: string[]): Promise<Packed> {
  const options = ['pack', '--json', '--ignore-scripts', '--no-update-notifier', '--loglevel=error'];
  const { stdout } = await run('npm', [...options, ...args], { cwd: PROJECT, maxBuffer: 64 * 1024 * 1024 });
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, Packed>);
  if (packed === undefined) throw new Error('npm pack has packed nothing');
  return packed;
}

/** A copy of what npm would publish of this project: the versions are written there, and the work tree stays as it is. */
async function copyProject(to: string): Promise<void> {
  const { files } = await npmPack('--dry-run');
  for (const { path } of files) await cp(join(PROJECT, path), join(to, path), { recursive: true });
}

async function pack(copy: string, version: string, folder: string): Promise<ReleaseFile> {
  const manifest = join(copy, 'package.json');
  await writeFile(
    manifest,
    JSON.stringify({ ...JSON.parse(await readFile(manifest, 'utf8')), version }, null, 2),
  );
  const { filename } = await npmPack(copy, '--pack-destination', folder);
  const path = join(folder, filename);
  return {
    version,
    path,
    filename: basename(path),
    size: (await stat(path)).size,
    sha256: await sha256Of(path),
  };
}

/** Packs this very project once for each version, into files below `folder`. */
export async function packReleases(folder: string, versions: readonly string[]): Promise<ReleaseFile[]> {
  const copy = join(folder, 'project');
  await mkdir(copy, { recursive: true });
  await copyProject(copy);
  const files: ReleaseFile[] = [];
  for (const version of versions) files.push(await pack(copy, version, folder));
  return files;
}
