import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { release } from '../../../test/setup/releases.js';
import type { Daemon } from '../../src/serve/serve.js';
import { startDaemon, stopDaemons } from '../setup/daemons.js';
import { install, removePanels } from '../setup/panels.js';

const FOLDER = fileURLToPath(new URL('../../examples/', import.meta.url));

/** How each is started. None may need more than what comes with its language. */
const EXAMPLES = {
  'toy-panel.sh': ['sh'],
  'panel.php': ['php', '-n'],
  'panel.py': ['python3', '-I'],
} as const satisfies Record<string, readonly string[]>;

type Example = keyof typeof EXAMPLES;

const NAMES = Object.keys(EXAMPLES) as Example[];

let app: TestApp;
let temp: string;
beforeAll(async () => {
  app = await startApp();
  temp = await mkdtemp(join(tmpdir(), 'mooring-examples-'));
});
afterAll(async () => {
  await stopDaemons();
  await removePanels();
  await app.stop();
  await rm(temp, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

async function run(
  example: Example,
  { url, tokenFile }: Pick<Daemon, 'url' | 'tokenFile'>,
  args: readonly string[] = [],
  path = process.env.PATH ?? '',
): Promise<Ran> {
  const [command, ...options] = EXAMPLES[example];
  const child = spawn(command, [...options, join(FOLDER, example), ...args], {
    env: { PATH: path, AGENT_URL: url, AGENT_TOKEN_FILE: tokenFile },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { code, out, error };
}

const sell = () => app.sell({ policy: { limits: { accounts: 10, domains: -1 } } });

describe.each(NAMES)('%s', (example) => {
  it('licenses a panel through the daemon, shows what it may do and reports what it uses', async () => {
    const { key, license, policy } = await sell();
    const { daemon } = await startDaemon(app);
    const first = await run(example, daemon, [key]);
    expect([first.code, first.error]).toEqual([0, '']);
    expect(first.out).toContain(policy.code);
    expect(first.out.replaceAll(' ', '')).toContain('{"accounts":10,"domains":-1}');
    expect(first.out).toMatch(/^Usage: .*3/m);
    expect(first.out).not.toContain(key);
    expect(await app.must('GET', `/licenses/${license.id}/activations`)).toHaveLength(1);

    const again = await run(example, daemon);
    expect(again).toEqual(first);
  });

  it('does not run without a license, nor with one that is refused', async () => {
    const { key, license } = await sell();
    const daemon = await startDaemon(app);
    expect(await run(example, daemon.daemon)).toEqual({
      code: 1,
      out: '',
      error: expect.stringContaining('No license is activated on this machine.'),
    });
    expect(await run(example, daemon.daemon, ['PANEL-0000-0000-0000-0000-0001'])).toEqual({
      code: 1,
      out: '',
      error: expect.stringMatching(/\S+/),
    });
    await run(example, daemon.daemon, [key]);
    await app.must('POST', `/licenses/${license.id}/suspend`, {});
    await daemon.call('POST', '/license/refresh');
    expect(await run(example, daemon.daemon)).toEqual({
      code: 1,
      out: '',
      error: expect.stringContaining('License is suspended.'),
    });
  });

  it('says so when the token is wrong', async () => {
    const { daemon } = await startDaemon(app);
    const tokenFile = join(temp, `token-${example}`);
    await writeFile(tokenFile, 'mat_another');
    expect(await run(example, { ...daemon, tokenFile })).toMatchObject({
      code: 1,
      error: expect.stringContaining('Invalid token'),
    });
  });
});

describe.each(['panel.php', 'panel.py'] as const)('%s', (example) => {
  it('is at most 30 lines', async () => {
    const lines = (await readFile(join(FOLDER, example), 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(30);
  });

  it('says so when no daemon answers, and when there is no token', async () => {
    const tokenFile = join(temp, 'token');
    await writeFile(tokenFile, 'mat_another');
    for (const given of [tokenFile, join(temp, 'missing')]) {
      const ran = await run(example, { url: 'http://127.0.0.1:9', tokenFile: given });
      expect([ran.code, ran.out]).toEqual([1, '']);
      expect(ran.error).toMatch(/^(The agent at http:\/\/127|There is no )/);
      expect(ran.error.trim().split('\n')).toHaveLength(1);
    }
  });
});

describe('toy-panel.sh', () => {
  it('waits for the daemon to come up', async () => {
    const port = await freePort();
    const { key } = await sell();
    const panel = await install(app);
    const tokenFile = join(panel.stateDir, 'panel-token');
    const ran = run('toy-panel.sh', { url: `http://127.0.0.1:${port}`, tokenFile }, [key]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await startDaemon(app, { panel, port });
    expect(await ran).toMatchObject({ code: 0, error: '' });
  });

  it('looks for updates', async () => {
    const { key, product } = await sell();
    await release(app, product, { version: '1.1.0' });
    const { daemon } = await startDaemon(app);
    expect((await run('toy-panel.sh', daemon, [key])).out).toContain('Update: 1.1.0 in place of 1.0.0');
  });

  it('shows neither the key nor the token to other users of the machine', async () => {
    const { key } = await sell();
    const { daemon, token } = await startDaemon(app);
    const [log, curl] = [join(temp, 'arguments'), join(temp, 'curl')];
    await writeFile(curl, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${log}'\nPATH=\${PATH#*:}\nexec curl "$@"\n`);
    await chmod(curl, 0o755);
    const ran = await run('toy-panel.sh', daemon, [key], `${temp}${delimiter}${process.env.PATH}`);
    expect(ran.code).toBe(0);
    const seen = await readFile(log, 'utf8');
    expect(seen).toContain('/license/activate');
    expect(seen).not.toContain(key);
    expect(seen).not.toContain(token);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
