import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEMO = fileURLToPath(new URL('../../scripts/demo/main.ts', import.meta.url));

let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'mooring-test-demo-'));
  // As root the database runs as another user, who has to get in.
  await chmod(temporary, 0o711);
});
afterAll(() => rm(temporary, { recursive: true, force: true }));

/** `npm run demo` without its build; all that it makes lies in `temporary`. */
function runDemo(...args: string[]): Promise<{ code: unknown; output: string }> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: temporary };
  return new Promise((resolve) => {
    execFile(process.execPath, [DEMO, ...args], { env, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, output: stdout + stderr });
    });
  });
}

describe('the demo', () => {
  it('lives a whole life against a service of its own, and leaves neither a secret nor a file behind', async () => {
    const { code, output } = await runDemo();
    expect(output).toContain('✓ All as expected');
    expect(code).toBe(0);
    expect(output).not.toContain('✗');
    expect(output).not.toMatch(/mk_[0-9a-f]{48}/);
    expect(output).not.toMatch(/DEMO\w{8}(-\w{4}){5}/);
    expect(output).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
    expect(output).not.toMatch(/"(token|nonce|password)": ?"[\w-]{7}|\/(file|consume)\/[\w-]/);
    expect(output).not.toMatch(/m[sk]_[0-9a-f]{48}|whsec_\w{4}/);
    // npm leaves its own compile cache.
    expect((await readdir(temporary)).filter((name) => name.startsWith('mooring'))).toEqual([]);
    // It waits for a database, a delivery that is tried three times and three packages; each wait has an end of its own.
  }, 240_000);

  it('ends with exit code 1 at the first answer that is not as expected', async () => {
    const server = createServer((_request, response) => response.end('{"keys":[]}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, output } = await runDemo('--url', `http://127.0.0.1:${port}`, '--admin-key', 'mk_none');
    server.close();
    expect(code).toBe(1);
    expect(output).toContain('✗ there are keys');
    expect(output).not.toContain('Pack this project');
  });

  it('says in one line that there is no service', async () => {
    const { code, output } = await runDemo('--url', 'http://127.0.0.1:1', '--admin-key', 'mk_none');
    expect(code).toBe(1);
    expect(output).toContain('✗ fetch failed');
    expect(output).not.toMatch(/^ +at /m);
  });
});
