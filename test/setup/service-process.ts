import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The built service in a process of its own. */
export interface ServiceProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything it has written so far. */
  output(): string;
  /** Sends SIGTERM and waits; answers the exit code. */
  stop(): Promise<number | null>;
}

/**
 * Starts `dist/main.js` with exactly these settings on a free port, and waits until it serves. It works where no `.env`
 * of a developer lies.
 */
export async function startService(
  settings: Record<string, string>,
  cwd: string = tmpdir(),
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [MAIN], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', HOST: '127.0.0.1', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  // Not 'exit': then some of what it wrote may still be on its way.
  const closed = new Promise((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const port = /listening on [^ ]*:(\d+)\)/.exec(output)?.[1];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`The service ended with ${code}: ${output}`)));
  });
  return {
    url,
    child,
    output: () => output,
    async stop() {
      // To one that has ended, nothing is sent.
      child.kill('SIGTERM');
      await closed;
      return child.exitCode;
    },
  };
}

/** Runs it to its end, for settings that it must refuse. */
export async function runToEnd(
  settings: Record<string, string>,
  cwd?: string,
): Promise<{ code: number | null; output: string }> {
  try {
    const service = await startService(settings, cwd);
    await service.stop();
    return { code: service.child.exitCode, output: service.output() };
  } catch (error) {
    const [, code, output] = /ended with (\w+): ([\s\S]*)/.exec((error as Error).message) ?? [];
    if (output === undefined) throw error;
    return { code: code === 'null' ? null : Number(code), output };
  }
}
