import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installPacked, type Installation } from '../setup/installation.js';

const run = promisify(execFile);

let empty: string;
let installed: Installation;
let files: readonly string[];
beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), 'agent-package-'));
  installed = await installPacked(empty);
  const entries = await readdir(installed.folder, { recursive: true, withFileTypes: true });
  files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.folder.length + 1));
});
afterAll(() => rm(empty, { recursive: true, force: true }));

it('brings exactly the packages that it names, and those that they name', () => {
  expect(installed.packages.map((name) => name.replace(/@[^@]+$/, '')).toSorted()).toEqual([
    'ansi-regex',
    'cli-progress',
    'commander',
    'emoji-regex',
    'is-fullwidth-code-point',
    'jose',
    'mooring-agent',
    'node-machine-id',
    'semver',
    'string-width',
    'strip-ansi',
    'valibot',
  ]);
});

it('takes less than five megabytes', async () => {
  const names = await readdir(installed.modules, { recursive: true });
  const sizes = await Promise.all(names.map((name) => stat(join(installed.modules, name))));
  const bytes = sizes.reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
  expect(bytes).toBeLessThan(5_000_000);
  // Were it next to nothing, the packages would be missing.
  expect(bytes).toBeGreaterThan(1_000_000);
});

it('holds the built agent, its service and examples, and nothing of the workshop', () => {
  expect(files).toEqual(
    expect.arrayContaining([
      'README.md',
      'docs/agent-panel-api.md',
      'docs/agent-updates.md',
      'package.json',
      'dist/bin.js',
      'dist/index.js',
      'dist/index.d.ts',
      'systemd/mooring-agent.service',
      'examples/toy-panel.sh',
      'examples/panel.php',
      'examples/panel.py',
    ]),
  );
  const strangers = files.filter(
    (file) =>
      !/^(dist\/.+\.(js|d\.ts)|(systemd|examples)\/[^/]+|docs\/[^/]+\.md|README\.md|package\.json)$/.test(
        file,
      ),
  );
  expect(strangers).toEqual([]);
  expect(files.filter((file) => /spec|test/i.test(file))).toEqual([]);
});

it('runs from there', async () => {
  const env = { ...process.env, MOORING_AGENT_STATE_DIR: join(empty, 'state') };
  const bin = join(installed.folder, 'dist', 'bin.js');
  const answer = await run(process.execPath, [bin, 'status', '--json'], { env, cwd: empty }).catch(
    (error) => error,
  );
  expect(answer).toMatchObject({ code: 3, stderr: '' });
  expect(JSON.parse(answer.stdout)).toMatchObject({ state: 'unlicensed', code: 'NOT_ACTIVATED' });
  // npm makes the command of it by this line and this mode.
  expect(await readFile(bin, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

it('is imported as a library', async () => {
  const script = `
    import { Agent, AgentFault, Schedule, runUpdate, serve, settings } from 'mooring-agent';
    const agent = new Agent(settings({ stateDir: process.argv[1] }));
    const { code } = await agent.status();
    console.log(JSON.stringify([code, ...[AgentFault, Schedule, runUpdate, serve].map((it) => typeof it)]));`;
  const args = ['--input-type=module', '-e', script, join(empty, 'state')];
  const { stdout } = await run(process.execPath, args, { cwd: empty });
  expect(JSON.parse(stdout)).toEqual(['NOT_ACTIVATED', 'function', 'function', 'function', 'function']);
});
