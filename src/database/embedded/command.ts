import { spawn } from 'node:child_process';

/** Whom a command runs as. `ids` is absent for the service's own user, who cannot and need not switch. */
export interface Account {
  readonly name: string;
  readonly ids?: { readonly uid: number; readonly gid: number };
}

export interface Outcome {
  /** The exit code, or null when it was killed or could not be started at all. */
  readonly code: number | null;
  /** The errno name when it could not be started, such as ENOENT or EPERM. */
  readonly failure?: string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Nothing of the service's environment goes to PostgreSQL: it holds secrets which the other user could read in
 * /proc, and variables such as PGDATA or PGPORT would change what the server does. `/` can be entered by everyone.
 */
export const SURROUNDINGS = {
  cwd: '/',
  env: {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
  },
} as const;

const LONGEST_OUTPUT = 65_536;

/** Runs a command to its end as `account`, by default as the service's own user. Never rejects. */
export function run(command: string, args: readonly string[], account?: Account): Promise<Outcome> {
  return begin(command, args, account).outcome;
}

/**
 * The same for a longer command, which `kill` ends. Its outcome comes when all that it had started has ended as well:
 * a server process notices by itself, and frees its shared memory, which one that is killed would leave behind.
 */
export function begin(
  command: string,
  args: readonly string[],
  account?: Account,
): { readonly outcome: Promise<Outcome>; kill(): void } {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const child = spawn(command, args, {
    ...SURROUNDINGS,
    ...account?.ids,
    // Control-C in a terminal reaches its whole process group: what is begun is finished, and then the service stops.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      written[stream] = (written[stream] + text).slice(-LONGEST_OUTPUT);
    });
  }
  child.on('error', (error: NodeJS.ErrnoException) =>
    resolve({ code: null, failure: error.code, ...written }),
  );
  child.on('close', (code) => resolve({ code, ...written }));
  return { outcome: promise, kill: () => void child.kill('SIGKILL') };
}

/** Whether `account` may pass through `folder`, which modes alone do not tell (access lists, mount options). */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  const { code } = await run('sh', ['-c', 'cd -- "$1"', 'sh', folder], account);
  return code === 0;
}
