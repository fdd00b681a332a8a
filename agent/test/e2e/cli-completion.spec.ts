import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commands-table.js';
import { runCli } from '../setup/cli.js';

let folder: string;
let script: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-completion-'));
  await mkdir(join(folder, 'a folder'));
  await writeFile(join(folder, 'lease one.json'), '');
  script = join(folder, 'completion.bash');
  await writeFile(script, (await runCli(['completion', 'bash'])).stdout);
});
afterAll(() => rm(folder, { recursive: true }));

/** What bash offers at the end of a line: it is split into words as readline does it, `=` being one of its own. */
function offered(line: string): string[] {
  const words = line
    .split(/( |=)/)
    .filter((word, at, all) => word !== ' ' && (word !== '' || at === all.length - 1));
  const shell = `
    source "$1"; shift
    complete -p mooring-agent > /dev/null || exit 1
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _mooring_agent
    for word in "\${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', shell, 'bash', script, ...words], {
    encoding: 'utf8',
    cwd: folder,
  });
  expect({ status, stderr: stderr.replaceAll(/.*compopt: not currently executing.*\n/g, '') }).toEqual({
    status: 0,
    stderr: '',
  });
  return stdout.split('\n').slice(0, -1);
}

const names = COMMANDS.map(({ name }) => name);

describe('in bash', () => {
  it('offers commands', () => {
    expect(offered('mooring-agent ')).toEqual([...names, 'help']);
    expect(offered('mooring-agent de')).toEqual(['deactivate']);
    expect(offered('mooring-agent help re')).toEqual(['rebind']);
  });

  it('offers options of the command and of all commands', () => {
    expect(offered('mooring-agent update --d')).toEqual(['--download-dir', '--download-only']);
    expect(offered('mooring-agent check --d')).toEqual(['--download-dir']);
    expect(offered('mooring-agent --js')).toEqual(['--json']);
  });

  it('passes over options and their values to find the command', () => {
    expect(offered('mooring-agent --state-dir activate update --to')).toEqual(['--to']);
    expect(offered('mooring-agent --state-dir=activate update --to')).toEqual(['--to']);
    expect(offered('mooring-agent --json che')).toEqual(['check']);
  });

  it('offers the values of an option', () => {
    expect(offered('mooring-agent status --channel ')).toEqual(['stable', 'beta', 'alpha']);
    expect(offered('mooring-agent status --channel=b')).toEqual(['beta']);
    expect(offered('mooring-agent status --channel=')).toEqual(['stable', 'beta', 'alpha']);
    expect(offered('mooring-agent status --server ')).toEqual([]);
    expect(offered('mooring-agent completion ')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('offers files where a file is meant and folders where a folder is', () => {
    expect(offered('mooring-agent offline-install le')).toEqual(['lease one.json']);
    expect(offered('mooring-agent activate --key-file le')).toEqual(['lease one.json']);
    expect(offered('mooring-agent --state-dir ')).toEqual(['a folder']);
    expect(offered('mooring-agent activate le')).toEqual([]);
  });
});

it.each(['zsh', 'fish'])('for %s tells every command and every option of it', async (shell) => {
  const { exit, stdout, stderr } = await runCli(['completion', shell]);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  for (const row of COMMANDS) {
    expect(stdout).toContain(row.name);
    const flags = 'options' in row ? row.options.map(({ flags: written }) => written) : [];
    for (const flag of flags) expect(stdout).toContain(/--([a-z-]+)/.exec(flag)?.[1]);
  }
});

it('refuses a shell that it does not know', async () => {
  const { json, exit } = await runCli(['completion', 'tcsh', '--json']);
  expect(exit).toBe(4);
  expect(json.error.message).toContain('bash, zsh, fish');
});
