import { once } from 'node:events';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentFault, systemCode } from '../errors.js';

/** A lock that this process holds through a child; the kernel frees it however this process ends. */
export interface Lock {
  /** False once the child is gone that holds it: whoever killed that let others in. */
  isHeld(): boolean;
  release(): Promise<void>;
}

interface LockCommand {
  readonly command: string;
  readonly toWait: readonly string[];
  readonly toTry: readonly string[];
  /** The exit code that says: someone else has it. */
  readonly takenExit: number;
  readonly advice: string;
}

const FLOCK: LockCommand = {
  command: 'flock',
  toWait: [],
  toTry: ['-n'],
  takenExit: 1,
  advice: 'install util-linux (or busybox)',
};

const LOCKF: LockCommand = {
  command: 'lockf',
  toWait: ['-k', '-s'],
  toTry: ['-k', '-s', '-t', '0'],
  takenExit: 75,
  advice: 'it belongs to the system, in /usr/bin',
};

const lockCommand = () => (['darwin', 'freebsd'].includes(process.platform) ? LOCKF : FLOCK);

/**
 * A terminal and a service manager signal all processes of the agent at once, and the lock must outlive its orderly
 * stop: so the lock command and all that it starts ignore what asks them to end.
 */
const UNMOVED = 'trap \'\' HUP INT TERM; exec "$@"';
/** Keeps the lock until it sees the end of the pipe from this process, however this process ends. */
const HOLD = 'echo ok; read -r nothing; exit 0';

const SHELL = '/bin/sh';

async function start({ command, toWait, toTry }: LockCommand, file: string, waits: boolean) {
  // Most calls only read the state, and need none of this.
  const { spawn } = await import('node:child_process');
  const lock = [command, ...(waits ? toWait : toTry), file, SHELL, '-c', HOLD];
  const child = spawn(SHELL, ['-c', UNMOVED, 'sh', ...lock], {
    cwd: '/',
    // A group of its own, to be ended as one.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined);
  return child;
}

type Holder = Awaited<ReturnType<typeof start>>;

/** The child must not keep a process alive that has nothing else to do, nor be forgotten while it is waited for. */
function countAsWork(holder: Holder, counts: boolean): void {
  for (const part of [holder, ...holder.stdio]) {
    if (part !== holder && !(part instanceof Socket)) continue;
    if (counts) part.ref();
    else part.unref();
  }
}

function stop(holder: Holder): void {
  holder.stdin.end();
  // The group, as the lock may have been won in this very moment and be in the hands of a grandchild.
  if (holder.pid === undefined || holder.exitCode !== null || holder.signalCode !== null) return;
  try {
    process.kill(-holder.pid, 'SIGKILL');
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

function unavailable({ command, advice }: LockCommand, file: string, complaint: string): AgentFault {
  return new AgentFault(
    'STATE_UNWRITABLE',
    `The agent needs the command ${command} to lock ${file}, and it failed (${complaint}): ${advice}, or name a folder on a local disk.`,
  );
}

/** Locks the file; null when it is still in other hands after `waitMs` (0: at once). The file must exist. */
export async function lockFile(file: string, waitMs: number): Promise<Lock | null> {
  const means = lockCommand();
  const holder = await start(means, file, waitMs > 0);
  let complaint = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const closed = once(holder, 'close').then(
    ([code]): unknown => code,
    (error: Error) => {
      complaint = error.message;
    },
  );
  const timer = new AbortController();
  const held = once(holder.stdout, 'data', { signal: timer.signal }).then(
    () => 'held' as const,
    () => closed,
  );
  const late = sleep(Math.max(waitMs, 1), 'late' as const, { signal: timer.signal }).catch(() => closed);
  const result = await Promise.race(waitMs > 0 ? [held, closed, late] : [held, closed]);
  timer.abort();
  if (result === 'held') {
    countAsWork(holder, false);
    let isGone = false;
    void closed.then(() => (isGone = true));
    return {
      isHeld: () => !isGone,
      async release() {
        countAsWork(holder, true);
        holder.stdin.end();
        await closed;
      },
    };
  }
  if (result === 'late') {
    stop(holder);
    await closed;
    // On a slow machine the time may have gone by before the command had even begun to ask for the lock.
    return lockFile(file, 0);
  }
  if (result === means.takenExit && complaint === '') return null;
  throw unavailable(means, file, complaint.trim() || `exit code ${String(result)}`);
}
