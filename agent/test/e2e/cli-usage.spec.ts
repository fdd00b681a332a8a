import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commands-table.js';
import { EXIT_CODES } from '../../src/cli/exit-codes.js';
import { SERVE_SETTINGS, SETTINGS, optionOf } from '../../src/cli/settings-table.js';
import { BIN, runCli } from '../setup/cli.js';

let folder: string;
/** A panel that nobody has activated. */
let env: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-cli-'));
  env = { MOORING_AGENT_STATE_DIR: join(folder, 'state'), MOORING_AGENT_VERSION: '1.0.0' };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const KEY = 'PANEL-1234-ABCD-5678-EFGH-9JKM';

describe('a mistake on the line', () => {
  it.each([
    ['no command', [], 'Name a command; `mooring-agent --help` lists them.'],
    ['an unknown command', ['statsu'], 'Unknown command (Did you mean status?). See `mooring-agent --help`.'],
    ['a key for a command', [KEY], 'Unknown command. See `mooring-agent --help`.'],
    ['an unknown option', ['status', '--colour'], "Unknown option '--colour'. See `mooring-agent --help`."],
    [
      'a key in an option',
      ['activate', `--key=${KEY}`],
      "Unknown option '--key'. See `mooring-agent --help`.",
    ],
    [
      'a missing argument',
      ['offline-install'],
      "Missing required argument 'file'. See `mooring-agent --help`.",
    ],
    [
      'a word too many',
      ['activate', KEY, KEY],
      "Too many arguments for 'activate'. Expected 1 argument but got 2. See `mooring-agent --help`.",
    ],
    ['no key', ['activate'], 'Give the license key: `mooring-agent activate KEY`.'],
    [
      'two keys',
      ['activate', KEY, '--key-file', 'x'],
      'Give the key either on the command line or with --key-file, not both.',
    ],
    ['an empty key', ['activate', ''], 'The license key that was given is empty. Was a variable not set?'],
    [
      'no number',
      ['usage', 'accounts'],
      'Write each counter as its name, = and a whole number: accounts=10.',
    ],
    [
      'a key for a counter',
      ['usage', `accounts=${KEY}`],
      'Write each counter as its name, = and a whole number: accounts=10.',
    ],
    [
      'a key for a key file',
      ['activate', '--key-file', KEY],
      'The license key cannot be read from PANEL-****-9JKM (ENOENT).',
    ],
    [
      'a key for a lease file',
      ['offline-install', KEY],
      'The lease file cannot be read from PANEL-****-9JKM (ENOENT).',
    ],
    ['a key for a version', ['update', '--to', KEY], 'The option --to must be a version such as 1.4.0.'],
    [
      'a key for a settings file',
      ['status', '--config', `/nowhere/old_${KEY}_new`],
      'The settings file /nowhere/old_PANEL-****-9JKM_new cannot be read (ENOENT).',
    ],
    [
      'a key for an address',
      ['serve', '--host', KEY],
      'The panel API listens on this machine only, and panel-****-9jkm is not an address of it alone. Use 127.0.0.1, ::1 or localhost.',
    ],
    ['help on no command', ['help', 'statsu'], 'Unknown command. See `mooring-agent --help`.'],
    [
      'a value for a switch',
      ['status', '--json=true'],
      "The option '--json' takes no value. See `mooring-agent --help`.",
    ],
    [
      'a command with its arguments in one',
      ['update', '--update-hook', '/opt/panel/update --now'],
      'The setting --update-hook must be the path of a program, or a JSON array of it and its arguments.',
    ],
  ])('%s: exit code 4, one sentence, nothing secret', async (_what, args, message) => {
    const told = await runCli(args, { env });
    expect(told).toMatchObject({ exit: 4, stdout: '', stderr: `error: ${message}\n` });
    const json = await runCli([...args, '--json'], { env });
    expect(json).toMatchObject({ exit: 4, stderr: '' });
    expect(json.json).toEqual({ error: { code: 'USAGE', message } });
  });

  it('is told for a key file that holds nothing, or too much', async () => {
    const file = join(folder, 'key');
    await writeFile(file, '\n');
    const empty = await runCli(['activate', '--key-file', file], { env });
    expect(empty).toMatchObject({
      exit: 4,
      stderr: `error: ${file} must hold the license key alone, on one line.\n`,
    });
    await writeFile(file, `${KEY}\n${KEY}\n`);
    const two = await runCli(['activate', '--key-file', file], { env });
    expect(two).toMatchObject({ exit: 4, stderr: empty.stderr });
    const endless = await runCli(['activate', '-'], { env, stdin: 'K'.repeat(5_000) });
    expect(endless).toMatchObject({
      exit: 4,
      stderr: 'error: standard input holds more than 4096 bytes, so it is no license key.\n',
    });
  });

  it('is told for a setting, before anything is done', async () => {
    const wrong = await runCli(['status', '--json'], { env: { ...env, MOORING_AGENT_CHANNEL: 'nightly' } });
    expect(wrong).toMatchObject({ exit: 4 });
    expect(wrong.json.error.message).toBe(
      'The setting MOORING_AGENT_CHANNEL must be one of stable, beta, alpha.',
    );
    await expect(readdir(join(folder, 'state'))).rejects.toThrow('ENOENT');
  });
});

it.each([
  { args: ['update'] },
  { args: ['rebind'] },
  { args: ['rebind', KEY] },
  { args: ['usage', 'accounts=1'] },
  { args: ['check'] },
  { args: ['deactivate'] },
])('says of $args on a machine without a license that there is none', async ({ args }) => {
  const { exit, json } = await runCli([...args, '--json'], { env });
  expect({ exit, code: json.error.code }).toEqual({ exit: 3, code: 'NOT_ACTIVATED' });
  const files = await readdir(join(folder, 'state')).catch(() => []);
  expect(files.filter((file) => file.startsWith('update'))).toEqual([]);
});

it.each(['--state-dir', '--config'])('takes %s before and after the command', async (flag) => {
  const value = flag === '--config' ? join(folder, 'agent.json') : join(folder, 'other');
  await writeFile(join(folder, 'agent.json'), JSON.stringify({ server: 'https://licenses.example.test' }));
  const before = await runCli([flag, value, 'status', '--json'], { env });
  const after = await runCli(['status', '--json', `${flag}=${value}`], { env });
  expect(before).toMatchObject({ exit: 3 });
  expect(before.json).toEqual(after.json);
  expect(before.json.server).toBe(flag === '--config' ? 'https://licenses.example.test' : null);
});

describe('the help', () => {
  it('names all commands, settings and exit codes', async () => {
    const { exit, stdout, stderr } = await runCli(['--help']);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    for (const { name } of COMMANDS) expect(stdout).toContain(`  ${name} `);
    for (const row of Object.values(SETTINGS)) expect(stdout).toContain(optionOf(row));
    for (const meaning of Object.values(EXIT_CODES)) expect(stdout).toContain(meaning);
  });

  it.each(COMMANDS)('of $name shows its options and examples', async (row) => {
    const { exit, stdout } = await runCli([row.name, '--help']);
    expect(exit).toBe(0);
    for (const example of row.examples) expect(stdout).toContain(`mooring-agent ${example}`);
    const listening = Object.values(SERVE_SETTINGS).map((setting) => optionOf(setting));
    const options = 'options' in row ? row.options.map(({ flags }) => flags) : [];
    for (const option of [...options, ...('listens' in row ? listening : [])])
      expect(stdout).toContain(option);
  });

  it('and the version are documents with --json', async () => {
    expect((await runCli(['--help', '--json'])).json.help).toMatch(/^Usage: mooring-agent /);
    expect((await runCli(['--version', '--json'])).json).toEqual({ version: '0.1.0' });
    expect(await runCli(['-V'])).toMatchObject({ exit: 0, stdout: '0.1.0\n' });
  });
});

it('does not mind a reader that has seen enough', () => {
  const shell = `set -o pipefail; '${process.execPath}' '${BIN}' --help | true; echo "ended with \${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', shell], { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: 'ended with 0\n', stderr: '' });
});

describe('interrupted while it waits for the server', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s, it ends with %i and leaves nothing behind', async (signal, exit) => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const seed = join(folder, 'seed');
    await writeFile(seed, 'ab'.repeat(32), { mode: 0o600 });
    const server = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const called = once(silent, 'connection');
    const ran = await runCli(['activate', KEY, '--force', '--json'], {
      env: { ...env, MOORING_AGENT_SERVER: server, MOORING_AGENT_SEED_FILE: seed },
      started: (child) => void called.then(() => child.kill(signal)),
    });
    expect(ran).toMatchObject({ exit, stderr: '' });
    expect(ran.json).toEqual({ error: { code: 'INTERRUPTED', message: `Stopped by ${signal}.` } });
    expect((await runCli(['status', '--json'], { env })).json).toMatchObject({ code: 'NOT_ACTIVATED' });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
