import { spawnSync } from 'node:child_process';

const SMALL = 'mount -t tmpfs -o size=256k,mode=700 none "$1"';

/** Whether this user may mount in a namespace of their own: in many containers nobody may. */
export function mayMount(): boolean {
  return spawnSync('unshare', ['-rm', 'sh', '-c', SMALL, 'sh', '/mnt']).status === 0;
}

/** The start of a command line that has a small, empty disk mounted on the folder, for itself alone. */
export const onSmallDisk = (folder: string) => [
  'unshare',
  '-rm',
  'sh',
  '-c',
  `${SMALL} && shift && exec "$@"`,
  'sh',
  folder,
];

/** The same, where no file may grow beyond so many blocks of 512 bytes: the kernel refuses what is written after that. */
export const withFileLimit = (blocks: number) => ['sh', '-c', `ulimit -f ${blocks} && exec "$@"`, 'sh'];
