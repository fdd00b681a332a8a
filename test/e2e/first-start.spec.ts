import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runToEnd, startService } from '../setup/service-process.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-first-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
/** What a first start shows once. */
const SHOWN = [/Admin password/g, /Admin API key/g, /The master key is in \S+master\.key\. Back it up/g];
const shownIn = (output: string) => SHOWN.map((form) => [...output.matchAll(form)].length);

describe('the first start on an empty folder', () => {
  it('gives the making of the database up when control-C is pressed meanwhile, and leaves nothing half made', async () => {
    // A group of processes of its own, as in a terminal: the signal reaches all of them.
    const child = spawn(process.execPath, [MAIN], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', DATA_DIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      timeout: 20_000,
    });
    const [output, complaint, exited] = [text(child.stdout), text(child.stderr), once(child, 'exit')];
    while (!existsSync(at('postgres.part')) && child.exitCode === null) await sleep(10);
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect([...(await exited), await complaint]).toEqual([0, null, '']);
    expect(shownIn(await output)).toEqual([0, 0, 0]);
    expect([existsSync(at('postgres.part')), existsSync(at('postgres/postmaster.pid'))]).toEqual([
      false,
      false,
    ]);
  });

  it('shows no secret when the port is taken, and logs nothing beside its one line', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const refused = await runToEnd({ DATA_DIR: folder, PORT: String(port) });
    expect(refused.code).toBe(1);
    const [last, ...others] = refused.output.trimEnd().split('\n').toReversed();
    expect(last).toBe(`Port ${port} is already taken: stop what listens there, or set PORT.`);
    expect(shownIn(others.join())).toEqual([0, 0, 0]);
    expect(others.filter((line) => line.startsWith('{'))).toEqual([]);
    holder.close();
  });

  it('shows them when it serves', async () => {
    const service = await startService({ DATA_DIR: folder });
    expect(shownIn(service.output())).toEqual([1, 1, 1]);
    const password = /Admin password +(\S+)/.exec(service.output())?.[1];
    const login = await fetch(`${service.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password }),
    });
    expect(login.status).toBe(200);
    expect(await service.stop()).toBe(0);
  });
});
