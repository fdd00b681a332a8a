import { constants } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentFault } from '../errors.js';
import { lockFile, type Lock } from './lock-holder.js';
import { explained } from './unwritable.js';

export interface LockOptions {
  /** How long to wait for whoever has the lock, 30 seconds unless said otherwise; 0: not at all. */
  readonly waitMs?: number;
}

const WAIT_MS = 30_000;

/** For what is not worth waiting for: an agent that was killed a moment ago may still seem to hold the lock. */
export const JUST_KILLED_MS = 1_000;

/** What is done under a lock, which can tell whether it is still held. */
type Work<T> = (lock: Pick<Lock, 'isHeld'>) => Promise<T>;

/** What came of the work, or who was in its way: a call of this process, or whoever has signed the lock file. */
type Turn<T> = { readonly value: T } | 'own call' | 'holder';

/** The last in line for each file: calls of one process go in the order in which they came. */
const lines = new Map<string, Promise<unknown>>();

async function comesWithin(turn: Promise<unknown>, waitMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(waitMs, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([turn.then(() => true), late]);
  } finally {
    timer.abort();
  }
}

async function sign(handle: FileHandle): Promise<void> {
  // Only to name the holder to whoever waits: a full disk must not matter here.
  await handle
    .truncate()
    .then(() => handle.write(`${process.pid}\n`, 0))
    .catch(() => undefined);
}

async function holdWhile<T>(file: string, waitMs: number, work: Work<T>): Promise<Turn<T>> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  const handle = await explained(file, () => open(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600));
  try {
    const lock = await lockFile(file, waitMs);
    if (lock === null) return 'holder';
    try {
      await sign(handle);
      return { value: await work(lock) };
    } finally {
      await lock.release();
    }
  } finally {
    await handle.close();
  }
}

async function inTurn<T>(path: string, waitMs: number, work: Work<T>): Promise<Turn<T>> {
  const file = resolve(path);
  const before = lines.get(file);
  if (before !== undefined && waitMs <= 0) return 'own call';
  const deadline = performance.now() + waitMs;
  let leave!: () => void;
  const done = new Promise<void>((settle) => {
    leave = settle;
  });
  const line = (before ?? Promise.resolve()).then(() => done);
  lines.set(file, line);
  try {
    if (before !== undefined && !(await comesWithin(before, waitMs))) return 'own call';
    return await holdWhile(file, waitMs <= 0 ? 0 : Math.max(deadline - performance.now(), 1), work);
  } finally {
    leave();
    if (lines.get(file) === line) lines.delete(file);
  }
}

async function busy(file: string, by: 'own call' | 'holder'): Promise<AgentFault> {
  // What is in the file may be of whoever had the lock before: it is signed only after it is taken.
  const pid = /^\d+/.exec(await readFile(file, 'utf8').catch(() => ''))?.[0];
  if (by === 'own call' || pid === String(process.pid)) {
    return new AgentFault(
      'BUSY',
      'Another call of this agent is still under way. Try again when it is done.',
    );
  }
  return new AgentFault(
    'BUSY',
    `Another agent${pid === undefined ? '' : ` (process ${pid})`} is working on ${dirname(resolve(file))}. Try again when it is done, or stop it.`,
  );
}

/**
 * Runs the work while no other process, and no other call in this one, holds the lock on the file. The folder must
 * exist. AgentFault BUSY when it is still taken after `waitMs`. Not to be nested on one file: the inner call would
 * wait for the outer.
 */
export async function withLock<T>(file: string, work: Work<T>, options: LockOptions = {}): Promise<T> {
  const done = await inTurn(file, options.waitMs ?? WAIT_MS, work);
  if (typeof done === 'string') throw await busy(file, done);
  return done.value;
}

/** The same, but null at once when the lock is taken. */
export async function tryWithLock<T>(file: string, work: Work<T>): Promise<T | null> {
  const done = await inTurn(file, 0, work);
  return typeof done === 'string' ? null : done.value;
}
