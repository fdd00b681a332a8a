import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, type FileHandle } from 'node:fs/promises';
import { env } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentFault, systemCode } from '../errors.js';
import { onDisk } from './folder-faults.js';
import { LogTail } from './log-tail.js';
import type { VerifiedDownload } from './verified-download.js';

const KILL_AFTER_MS = 10_000;

export interface HookRun {
  /** The command and its arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly timeoutSeconds: number;
  readonly path: string;
  readonly download: VerifiedDownload;
  readonly fromVersion: string;
  /** Where its output goes. */
  readonly logFile: string;
  /** Is told of each line that it writes. */
  readonly onLine: (line: string) => void;
  /** Is told when it runs. */
  readonly onStart?: (pid: number) => Promise<void>;
  /** Milliseconds from the request to stop to the end by force; 10 seconds unless said otherwise. */
  readonly killAfterMs?: number;
}

/** Its whole environment is handed on, unread, for its PATH and whatever else the panel's own command needs. */
const environment = ({ path, download, fromVersion }: HookRun) => ({
  ...env,
  MOORING_UPDATE_FILE: path,
  MOORING_UPDATE_VERSION: download.version,
  MOORING_UPDATE_FROM_VERSION: fromVersion,
  MOORING_UPDATE_SHA256: download.sha256,
  MOORING_UPDATE_SIZE: String(download.size),
});

const failed = (sentence: string, { logFile }: HookRun, cause?: unknown) =>
  new AgentFault('HOOK_FAILED', `${sentence} Its output is in ${logFile}.`, { cause });

function signalGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    // Windows has no groups of processes.
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

/** Starts it in a group of its own: a Control-C for the agent must not break off an installation half way. */
async function start(run: HookRun, log: FileHandle): Promise<ChildProcess> {
  const [command = '', ...args] = run.command;
  const child = spawn(command, [...args, run.path], {
    env: environment(run),
    detached: true,
    // A file and no pipe: the hook may restart this agent, and must be able to go on writing when it is gone.
    stdio: ['ignore', log.fd, log.fd],
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new AgentFault(
      'HOOK_FAILED',
      `The update hook ${command} cannot be started (${systemCode(error)}). Name a command that exists and may be run; ${run.path} is downloaded.`,
      { cause: error },
    );
  }
  return child;
}

/** Waits for its end; false when it took too long and was stopped. */
async function endsInTime(child: ChildProcess, exited: Promise<unknown>, run: HookRun): Promise<boolean> {
  const timer = new AbortController();
  const late = (milliseconds: number) =>
    sleep(milliseconds, false, { signal: timer.signal }).catch(() => false);
  const ended = exited.then(() => true);
  try {
    if (await Promise.race([ended, late(run.timeoutSeconds * 1_000)])) return true;
    signalGroup(child, 'SIGTERM');
    await Promise.race([ended, late(run.killAfterMs ?? KILL_AFTER_MS)]);
    // Also when it has obeyed: what it had started may not have.
    signalGroup(child, 'SIGKILL');
    await exited;
    return false;
  } finally {
    timer.abort();
  }
}

/** Emptied, and to be appended to: what several processes write at once, and after it was emptied again, stays whole. */
async function openLog(file: string): Promise<FileHandle> {
  const log = await open(file, 'a', 0o600);
  try {
    await log.truncate(0);
  } catch (error) {
    await log.close();
    throw error;
  }
  return log;
}

/** Runs the panel's own command that installs a file. AgentFault HOOK_FAILED unless it ends well and in time. */
export async function runHook(run: HookRun): Promise<void> {
  const log = await onDisk(run.logFile, () => openLog(run.logFile));
  try {
    const child = await start(run, log);
    const exited = once(child, 'exit');
    const tail = new LogTail(run.logFile, run.onLine);
    try {
      await run.onStart?.(child.pid ?? 0);
      const isInTime = await endsInTime(child, exited, run);
      if (!isInTime) {
        throw failed(
          `The update hook did not end within ${run.timeoutSeconds} seconds and was stopped.`,
          run,
        );
      }
    } finally {
      await tail.stop();
    }
    const { exitCode, signalCode } = child;
    if (signalCode !== null) throw failed(`The update hook was ended by the signal ${signalCode}.`, run);
    if (exitCode !== 0) throw failed(`The update hook failed with exit code ${exitCode}.`, run);
  } finally {
    await log.close();
  }
}
