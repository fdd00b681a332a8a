import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SERVING = 'Mooring serves on';

export interface OwnService {
  readonly url: string;
  readonly adminKey: string;
  /** What its signatures call it. */
  readonly issuer: string;
  readonly reachesUs: true;
}

/** The links that it hands out name the port, so it has to be known before the start. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts the built service with nothing but defaults: an embedded database, and no `.env` of the working folder.
 * `atEnd` is given what stops it before it serves, so that an interrupted start leaves nothing behind either.
 */
export async function startOwnService(atEnd: (stop: () => Promise<void>) => void): Promise<OwnService> {
  const [url, adminKey] = [`http://127.0.0.1:${await freePort()}`, `mk_${randomBytes(24).toString('hex')}`];
  // From here to `atEnd` nothing is awaited, so that no interrupt comes in between.
  const folder = mkdtempSync(join(tmpdir(), 'mooring-demo-service-'));
  const child = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TMPDIR: process.env.TMPDIR,
      XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR,
      HOST: '127.0.0.1',
      PORT: new URL(url).port,
      PUBLIC_URL: url,
      DATA_DIR: folder,
      MOORING_ADMIN_KEY: adminKey,
      // The demo's own receiver of webhooks is on this machine.
      WEBHOOKS_ALLOW_PRIVATE: 'true',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C in a terminal reaches a whole group of processes: this one is stopped in its turn.
    detached: true,
  });
  const ended = once(child, 'exit');
  let output = '';
  const started = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(SERVING)) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The service ended with ${code}: ${output}`)));
  });
  atEnd(async () => {
    // Ended in the middle of its start it would leave the database behind that it was just making.
    await Promise.allSettled([started]);
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  await started;
  return { url, adminKey, issuer: url, reachesUs: true };
}
