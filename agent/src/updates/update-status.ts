import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { Replacement, sweepTemporaries } from '../state/atomic-file.js';
import { makeFolders } from '../state/make-folder.js';
import { isAlive } from './process-mark.js';

const MARK = v.object({ pid: v.pipe(v.number(), v.integer()), start: v.nullable(v.string()) });

const STATUS = v.object({
  state: v.picklist(['idle', 'checking', 'downloading', 'installing', 'done', 'downloaded', 'failed']),
  from_version: v.nullable(v.string()),
  version: v.nullable(v.string()),
  received: v.number(),
  size: v.nullable(v.number()),
  error: v.nullable(v.string()),
  /** Whether a version was installed by it, and none is left that was only downloaded. */
  installed: v.boolean(),
  /** The file that it downloaded last. */
  path: v.nullable(v.string()),
  /** What came of it, in a sentence or two. */
  message: v.nullable(v.string()),
  /** A newer release exists that only the license's right to updates hides. */
  updates_expired: v.boolean(),
  started_at: v.nullable(v.string()),
  finished_at: v.nullable(v.string()),
  /** The version that was asked for by name. */
  wanted: v.nullable(v.string()),
  pid: v.nullable(v.number()),
  /** The agent that updates, and the hook that it has started. */
  agent: v.nullable(MARK),
  hook: v.nullable(MARK),
  /** What was downloaded and is not cleared away, with the whole paths. */
  files: v.pipe(v.array(v.string()), v.readonly()),
});

/** How far an update is: `update.json` in the state folder. Times are ISO 8601, sizes bytes. */
export type UpdateStatus = Readonly<v.InferOutput<typeof STATUS>>;

export const NO_UPDATE_YET: UpdateStatus = {
  state: 'idle',
  from_version: null,
  version: null,
  received: 0,
  size: null,
  error: null,
  installed: false,
  path: null,
  message: null,
  updates_expired: false,
  started_at: null,
  finished_at: null,
  wanted: null,
  pid: null,
  agent: null,
  hook: null,
  files: [],
};

const FILE = 'update.json';
const RUNNING: ReadonlySet<string> = new Set(['checking', 'downloading', 'installing']);

/** As it was last written, by whoever wrote it; `idle` for none, and for one that cannot be read. */
export async function storedStatus(stateDir: string): Promise<UpdateStatus> {
  try {
    return v.parse(STATUS, JSON.parse(await readFile(join(stateDir, FILE), 'utf8')));
  } catch {
    return NO_UPDATE_YET;
  }
}

/** Whether the one who wrote it, or the hook that outlived him, is still at work. */
export async function isUnderWay({ state, agent, hook }: UpdateStatus): Promise<boolean> {
  if (!RUNNING.has(state)) return false;
  return (agent !== null && (await isAlive(agent))) || (hook !== null && (await isAlive(hook)));
}

const interrupted = (status: UpdateStatus): UpdateStatus => ({
  ...status,
  state: 'failed',
  error:
    status.state === 'installing'
      ? `The installation of ${status.version} was interrupted. Look after the panel, and run \`mooring-agent update\` again.`
      : 'The update was interrupted. Run `mooring-agent update` again; what was downloaded is kept.',
});

const installedAlone = (status: UpdateStatus): UpdateStatus => ({
  ...status,
  state: 'done',
  installed: true,
  message: `Version ${status.version} runs; its installation went on without the agent that began it.`,
});

/**
 * How far an update is. A hook may restart the very agent that runs it: an installation whose agent is gone has
 * succeeded when the panel now runs the version that was to be installed.
 */
export async function readUpdateStatus(
  stateDir: string,
  currentVersion: () => Promise<string | null>,
): Promise<UpdateStatus> {
  const status = await storedStatus(stateDir);
  if (!RUNNING.has(status.state) || (await isUnderWay(status))) return status;
  const isInstalled =
    status.state === 'installing' && (await currentVersion().catch(() => null)) === status.version;
  return isInstalled ? installedAlone(status) : interrupted(status);
}

/**
 * Replaces the status. What is told of an update must not stop it, so a disk that is full, or a folder that is read-only,
 * only leaves the old one there.
 */
export async function writeUpdateStatus(stateDir: string, status: UpdateStatus): Promise<void> {
  try {
    await makeFolders(stateDir);
    const text = `${JSON.stringify(status, null, 2)}\n`;
    const file = await Replacement.open(join(stateDir, FILE), Buffer.byteLength(text));
    await file.put(text);
  } catch {
    // See above.
  }
}

/** Clears away what writers left that were killed. Only for who alone writes the status. */
export const sweepStatusFiles = (stateDir: string): Promise<void> =>
  sweepTemporaries(stateDir, [join(stateDir, FILE)]).catch(() => undefined);
