import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('state-child.mjs', import.meta.url));

/** A process that works on a state folder, and what it said so far. */
export interface StateChild {
  readonly process: ChildProcess;
  /** The next line that it says. Throws, with what it complained of, when it ends without one. */
  next(): Promise<any>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

const started = new Set<ChildProcess>();

/** Ends what a failed test left running: the tests would wait for it for ever. */
export function endChildren(): void {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
}

/** Starts setup/state-child.mjs; `prefix` is a command line to start it under. */
export function startStateChild(
  args: readonly string[],
  options: SpawnOptions & { readonly prefix?: readonly string[] } = {},
): StateChild {
  const [command, ...rest] = [...(options.prefix ?? []), process.execPath, SCRIPT, ...args];
  const child = spawn(command!, rest, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  started.add(child);
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return {
    process: child,
    async next() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`The child ended (${await ended}): ${complaint}`);
      return JSON.parse(value);
    },
    ended,
  };
}
