import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BIN, runCli } from '../setup/cli.js';

let folder: string;
/** A panel that nobody has activated. */
let env: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-cli-'));
  env = { MOORING_AGENT_STATE_DIR: join(folder, 'state'), MOORING_AGENT_VERSION: '1.0.0' };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inShell = (command: string) =>
  spawnSync('sh', ['-c', `'${process.execPath}' '${BIN}' ${command}`], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });

describe('a full disk below its output', () => {
  // /dev/full is to a program what a full disk is.
  it.each(['status', 'status --json', 'status --help'])('ends `%s` with one sentence', (args) => {
    expect(inShell(`${args} > /dev/full`)).toMatchObject({
      status: 1,
      stderr: 'error: Standard output cannot be written (ENOSPC).\n',
    });
  });

  it('says on standard output what standard error cannot take', () => {
    expect(inShell('check 2> /dev/full')).toMatchObject({
      status: 1,
      stdout: 'error: Standard error cannot be written (ENOSPC).\n',
    });
  });
});

/** What Node answers to a user whom the machine does not know, while HOME isn't set. */
const HOMELESS = `
  import os from 'node:os';
  import { syncBuiltinESMExports } from 'node:module';
  process.getuid = () => 54321;
  os.homedir = () => { throw new Error('uv_os_homedir returned ENOENT'); };
  syncBuiltinESMExports();`;

it('asks a user without a home for the folder, and for that alone', async () => {
  const homeless = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(HOMELESS)}` };
  const lost = await runCli(['status'], {
    env: {
      ...homeless,
      MOORING_AGENT_CONFIG: '',
      STATE_DIRECTORY: '',
      XDG_STATE_HOME: '',
      XDG_CONFIG_HOME: '',
    },
  });
  expect(lost).toMatchObject({
    exit: 4,
    stderr: 'error: This user has no home folder to keep the state in: name one with --state-dir.\n',
  });
  const named = await runCli(['status', '--json'], { env: { ...env, ...homeless } });
  expect(named).toMatchObject({ exit: 3, stderr: '' });
  expect(named.json).toMatchObject({ code: 'NOT_ACTIVATED' });
});
