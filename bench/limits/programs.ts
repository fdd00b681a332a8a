import { access, constants, glob } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const PACKAGES = { pgbench: 'postgresql-contrib', nginx: 'nginx' } as const;

export type Program = keyof typeof PACKAGES;

/** Where Debian keeps what it does not put in the way. */
const ELSEWHERE = ['/usr/lib/postgresql/*/bin', '/usr/sbin', '/usr/local/sbin'];

/** How to get a program that is not there. */
export const missing = (program: Program): string =>
  `${program} is not on this machine, so what is measured beside it has no such line; on Debian: apt-get install -y ${PACKAGES[program]}`;

/** The path of a program of this machine; null where it has none. */
export async function findProgram(program: Program): Promise<string | null> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const pattern of ELSEWHERE) for await (const folder of glob(pattern)) folders.push(folder);
  for (const folder of folders) {
    const path = join(folder, program);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return null;
}
