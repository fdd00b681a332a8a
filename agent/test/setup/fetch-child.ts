import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { VerifiedDownload } from '../../src/updates/verified-download.js';

const SCRIPT = fileURLToPath(new URL('fetching-agent.mjs', import.meta.url));

export interface FetchChild {
  /** Waits for a line that begins like this; null when it ended without. */
  line(beginning: string): Promise<string | null>;
  kill(): void;
  /** Waits for its end; answers how it ended, and all that it said. */
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null; lines: readonly string[] }>;
}

/** Starts the built agent on a download, in a process of its own; `prefix` is a command line to start it under. */
export function startFetch(
  task: { download: VerifiedDownload; folder: string; insecureHttp?: boolean },
  { env = {}, prefix = [] }: { env?: Record<string, string>; prefix?: readonly string[] } = {},
): FetchChild {
  const given = JSON.stringify({ insecureHttp: false, ...task });
  const [command = '', ...args] = [...prefix, process.execPath, SCRIPT, given];
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  return {
    async line(beginning) {
      const find = () => lines.find((line) => line.startsWith(beginning)) ?? null;
      const come = new Promise<void>((resolve) => {
        const look = () => find() !== null && resolve();
        waiting.add(look);
        look();
      });
      await Promise.race([come, closed]);
      return find();
    },
    kill: () => void child.kill('SIGKILL'),
    async ended() {
      const [code, signal] = await closed;
      return { code, signal, lines };
    },
  };
}
