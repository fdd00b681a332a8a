import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { databaseUrl } from '../../src/database/embedded/embedded-postgres.js';
import { type Installation, THIS_INSTALLATION } from './installation.js';

export interface EmbeddedService {
  readonly pid: number;
  /** The socket folder, or the sentence with which the start was refused. */
  readonly host: string;
  readonly refusal: string;
  /** The cause that onUnexpectedExit was given. */
  readonly ended: Promise<string>;
  /** Stops it in order. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
}

/** Starts a service in a process of its own and waits for its first word. */
export async function startService(
  dataDir: string,
  {
    ids,
    installation = THIS_INSTALLATION,
  }: { ids?: { uid: number; gid: number }; installation?: Installation } = {},
): Promise<EmbeddedService> {
  const { node, script, launcher } = installation;
  const child = spawn(node, [script, launcher, dataDir], {
    ...ids,
    cwd: '/',
    // A process group of its own, as a terminal gives it.
    detached: true,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () =>
    JSON.parse(((await lines.next()).value as string | undefined) ?? '{}') as Partial<Record<string, string>>;
  const { host = '', refusal = '' } = await next();
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await closed;
  };
  return {
    pid: child.pid ?? 0,
    host,
    refusal,
    ended: next().then(({ ended = '' }) => ended),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

/** The rows of one statement on the server behind the socket. */
export async function ask(host: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({
    connectionString: databaseUrl({ host, user: 'mooring', database: 'mooring' }),
  });
  // The statement itself fails when its server is killed; the event adds nothing.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** The process id of the server of a data folder. */
export async function serverPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);
}
