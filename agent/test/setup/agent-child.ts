import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
/** The built agent in a process of its own, which says in lines how far it is. */
export interface AgentChild {
  /** Waits for a line that begins like this; null when it ended without. */
  line(beginning: string): Promise<string | null>;
  kill(): void;
  /** Waits for its end; answers how it ended, and all that it said. */
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null; lines: readonly string[] }>;
}

/** Starts one of the scripts here; `prefix` is a command line to start it under. */
export function startAgent(
  script: string,
  task: object,
  { env = {}, prefix = [] }: { env?: Record<string, string>; prefix?: readonly string[] } = {},
): AgentChild {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const [command = '', ...args] = [...prefix, process.execPath, file, JSON.stringify(task)];
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
