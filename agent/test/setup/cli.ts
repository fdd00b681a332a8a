import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TestPanel } from './panels.js';

/** What `npm run build:agent` made; the tests are run after it. */
export const BIN = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

export interface Ran {
  /** The exit code, or the signal that ended it. */
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as the one JSON document that it has to be. */
  readonly json: any;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  /** Told of the process as soon as it runs. */
  readonly started?: (child: ChildProcess) => void;
}

const ownSettings = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('MOORING_AGENT_')),
);

/** Runs the built command line as a process of its own. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...ownSettings, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(options.stdin ?? '');
  options.started?.(child);
  const [code, signal] = await once(child, 'close');
  return {
    exit: (code ?? signal) as number | string,
    stdout,
    stderr,
    get json() {
      return JSON.parse(stdout);
    },
  };
}

/** The command line on the machine of a panel. */
export const cliOf =
  ({ settings: { server, stateDir, seedFile, version } }: TestPanel, env: Record<string, string> = {}) =>
  (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
    runCli(args, {
      ...options,
      env: {
        ...(server !== null && { MOORING_AGENT_SERVER: server }),
        MOORING_AGENT_STATE_DIR: stateDir,
        MOORING_AGENT_SEED_FILE: seedFile ?? '',
        MOORING_AGENT_VERSION: version ?? '',
        ...env,
        ...options.env,
      },
    });
