import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Megabytes of a process; null where the system does not tell. */
export interface Memory {
  readonly now: number | null;
  readonly peak: number | null;
}

/** A server under measurement, in a process of its own. */
export interface Server {
  readonly url: string;
  memory(): Promise<Memory>;
  /** Takes the processor away from it, with all that it does on the side; `resume` gives it back. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

interface ServerOptions {
  readonly env: Readonly<Record<string, string>>;
  /** The file that takes its output. */
  readonly log: string;
}

const POLL_MS = 5;

async function memoryOf(pid: number | undefined): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const megabytes = (field: string) => {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) / 1024;
  };
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** Waits for the line that names the port. */
async function addressIn(child: ChildProcess, log: string): Promise<string> {
  for (;;) {
    const written = await readFile(log, 'utf8');
    const port = /listening on [^ ]*:(\d+)\)/.exec(written)?.[1];
    if (port !== undefined) return `http://127.0.0.1:${port}`;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${child.spawnargs[1]} ended before it served: ${written.slice(-2_000)}`);
    }
    await sleep(POLL_MS);
  }
}

/** What `npm start` sets for the service: it is measured as it is started. */
async function asStarted(): Promise<{ readonly flags: string[]; readonly env: Record<string, string> }> {
  const { scripts } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    scripts: { start: string };
  };
  const words = scripts.start.split(' ');
  const flags = words.filter((word) => word.startsWith('--'));
  const settings = words.filter((word) => /^[A-Z_]+=/.test(word)).map((word) => word.split('=', 2));
  return { flags, env: Object.fromEntries(settings) as Record<string, string> };
}

/** Starts the service, likewise. */
export async function startService({ env, log }: ServerOptions): Promise<Server> {
  const started = await asStarted();
  const script = new URL('../dist/main.js', import.meta.url);
  return startServer(script, { env: { ...started.env, ...env }, log, flags: started.flags });
}

/** Starts a script whose output goes to a file, as a service's does: read by a pipe it would cost whoever reads. */
export async function startServer(
  script: URL,
  { env, log, flags = [] }: ServerOptions & { readonly flags?: readonly string[] },
): Promise<Server> {
  const output = await open(log, 'w');
  const child = spawn(process.execPath, [...flags, fileURLToPath(script)], {
    env: { PATH: process.env.PATH, ...env },
    // It holds the other end of standard input: when the benchmark is killed, it must not stay behind.
    stdio: ['pipe', output.fd, output.fd],
    // Control-C reaches the whole process group; it is stopped in its turn instead.
    detached: true,
  });
  await output.close();
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    await exited;
  };
  try {
    return {
      url: await addressIn(child, log),
      memory: () => memoryOf(child.pid),
      pause: () => void child.kill('SIGSTOP'),
      resume: () => void child.kill('SIGCONT'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
