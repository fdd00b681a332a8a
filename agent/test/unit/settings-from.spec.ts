import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { settings as allSettings } from '../../src/default-settings.js';
import { AgentFault } from '../../src/errors.js';
import { settingsFrom, type Flags } from '../../src/cli/settings-from.js';
import { SERVE_SETTINGS, SETTINGS, keyOf } from '../../src/cli/settings-table.js';

let folder: string;
/** No file of the machine that runs the tests must be read. */
let base: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-settings-'));
  base = { MOORING_AGENT_CONFIG: file({}) };
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(content: unknown): string {
  const path = join(folder, 'agent.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const read = (flags: Flags = {}, environment: Record<string, string> = {}) =>
  settingsFrom(flags, { ...base, ...environment });

function refusal(flags: Flags = {}, environment: Record<string, string> = {}): string {
  try {
    read(flags, environment);
  } catch (error) {
    if (error instanceof AgentFault && error.code === 'USAGE') return error.message;
    throw error;
  }
  throw new Error('Nothing was refused.');
}

it('goes without any setting but a folder', () => {
  const { settings, serve } = read({}, { STATE_DIRECTORY: '/var/lib/panel' });
  expect(settings).toEqual({
    server: null,
    product: null,
    keyPrefix: null,
    version: null,
    versionFile: null,
    channel: 'stable',
    stateDir: '/var/lib/panel',
    seedFile: null,
    trustedKeys: [],
    insecureHttp: false,
    downloadDir: null,
    updateHook: null,
    updateHookTimeout: 600,
    platform: process.platform,
    arch: process.arch,
    hostname: hostname(),
  });
  expect(serve).toEqual({ port: 3082, host: '127.0.0.1', tokenFile: null });
});

it('asks flags first, then the environment, then the file', () => {
  file({ channel: 'alpha', product: 'filed', hostname: 'filed' });
  const environment = { MOORING_AGENT_CHANNEL: 'beta', MOORING_AGENT_PRODUCT: 'around' };
  const { settings } = read({ channel: 'stable' }, environment);
  expect(settings).toMatchObject({ channel: 'stable', product: 'around', hostname: 'filed' });
});

it('takes the file that the flag names before the one in the environment', () => {
  const other = join(folder, 'other.json');
  writeFileSync(other, '{"product": "other"}');
  file({ product: 'not this' });
  expect(read({ config: other }).settings.product).toBe('other');
});

it('reads relative paths in a file from its folder, and others from the working folder', () => {
  file({ version_file: 'VERSION', seed_file: '/etc/seed' });
  const { settings } = read({}, { MOORING_AGENT_DOWNLOAD_DIR: 'updates' });
  expect(settings).toMatchObject({
    versionFile: join(folder, 'VERSION'),
    seedFile: '/etc/seed',
    downloadDir: resolve('updates'),
  });
});

it('keeps the state where systemd says, else where the user keeps state', () => {
  expect(read({}, { STATE_DIRECTORY: '/a:/b' }).settings.stateDir).toBe('/a');
  const isRoot = process.getuid?.() === 0;
  expect(read({}, { XDG_STATE_HOME: '/home/x/state' }).settings.stateDir).toBe(
    isRoot ? '/var/lib/mooring-agent' : '/home/x/state/mooring-agent',
  );
  expect(read({}, { XDG_STATE_HOME: 'relative' }).settings.stateDir).toBe(
    isRoot ? '/var/lib/mooring-agent' : join(homedir(), '.local/state/mooring-agent'),
  );
});

it('passes over empty variables and null in the file', () => {
  file({ product: null });
  expect(read({}, { MOORING_AGENT_PRODUCT: '' }).settings.product).toBeNull();
});

describe('an address', () => {
  it.each([
    ['https://licenses.example.com/', 'https://licenses.example.com'],
    ['HTTPS://Licenses.Example.com:8443/mooring//', 'https://licenses.example.com:8443/mooring'],
    ['http://localhost:2083', 'http://localhost:2083'],
    ['http://127.8.9.1:2083', 'http://127.8.9.1:2083'],
    ['http://[::1]:2083/', 'http://[::1]:2083'],
  ])('%s is kept in one spelling', (written, kept) => {
    expect(read({ server: written }).settings.server).toBe(kept);
  });

  it.each([
    'panel.test',
    'ftp://x.test',
    'https://u:p@x.test',
    'https://x.test/?a=1',
    'https://x.test/#a',
    '',
  ])('%j is refused, and not repeated', (written) => {
    const message = refusal({ server: written });
    expect(message).toMatch(/^The setting --server must be an address such as/);
    expect(written === '' || !message.includes(written)).toBe(true);
  });

  it.each(['http://licenses.example.com', 'http://localhost.example.com', 'http://10.0.0.1'])(
    '%s is refused, as the key would travel in clear',
    (server) => {
      expect(refusal({ server })).toMatch(/in clear .* https:\/\/ .*`insecure_http`/);
      expect(read({ server, 'insecure-http': true }).settings.server).toBe(server);
    },
  );
});

it('passes over what Kubernetes sets for a service of this name', () => {
  const { serve } = read(
    {},
    {
      MOORING_AGENT_SERVICE_HOST: '10.43.0.7',
      MOORING_AGENT_SERVICE_PORT: '3082',
      MOORING_AGENT_SERVICE_PORT_PANEL_API: '3082',
      MOORING_AGENT_PORT: 'tcp://10.43.0.7:3082',
      MOORING_AGENT_PORT_3082_TCP: 'tcp://10.43.0.7:3082',
      MOORING_AGENT_PORT_3082_TCP_PROTO: 'tcp',
      MOORING_AGENT_PORT_3082_TCP_PORT: '3082',
      MOORING_AGENT_PORT_3082_TCP_ADDR: '10.43.0.7',
      MOORING_AGENT_SERVER_PORT: 'tcp://10.43.0.8:80',
    },
  );
  expect(serve.port).toBe(3082);
});

it('takes what a program leaves undefined for not given', () => {
  const { channel, version } = allSettings({
    stateDir: '/x',
    channel: undefined,
    version: undefined,
  } as never);
  expect({ channel, version }).toEqual({ channel: 'stable', version: null });
});

describe('what is not understood ends the command and names its place', () => {
  it('an unknown setting in the file', () => {
    const name = file({ sever: 'https://x.test' });
    expect(refusal()).toBe(
      `There is no setting \`sever\`, as in ${name}. Known are ${[...Object.values(SETTINGS), ...Object.values(SERVE_SETTINGS)].map(keyOf).join(', ')}.`,
    );
  });

  it('an unknown variable', () => {
    expect(refusal({}, { MOORING_AGENT_SEVER: 'x' })).toMatch(
      /^There is no setting MOORING_AGENT_SEVER\. Known are MOORING_AGENT_CONFIG, MOORING_AGENT_SERVER, [A-Z_, ]+\.$/,
    );
    // Close to what Kubernetes sets, and yet written by somebody.
    expect(refusal({}, { MOORING_AGENT_SERVICE: 'x' })).toMatch(
      /^There is no setting MOORING_AGENT_SERVICE\./,
    );
    expect(refusal({}, { MOORING_AGENT_PORT: 'tcp' })).toMatch(/^The setting MOORING_AGENT_PORT must be /);
  });

  it.each([
    ['channel', 'nightly', 'one of stable, beta, alpha'],
    ['channel', 3, 'one of stable, beta, alpha'],
    ['version', '1.2', 'a version such as 1.4.0'],
    ['version', '01.2.3', 'a version such as 1.4.0'],
    ['key_prefix', '1PANEL', '1 to 16 letters and digits, a letter first'],
    ['port', 65_536, 'a whole number from 0 to 65535'],
    ['port', '1e3', 'a whole number from 0 to 65535'],
    ['port', 1.5, 'a whole number from 0 to 65535'],
    ['port', true, 'a whole number from 0 to 65535'],
    ['update_hook_timeout', 0, 'a whole number from 1 to 86400'],
    ['insecure_http', 'maybe', 'true or false'],
    ['state_dir', ' ', 'a path'],
    ['state_dir', ['x'], 'a path'],
    ['trusted_keys', ['short'], 'key ids of 43 characters each, separated by commas'],
    ['trusted_keys', 3, 'key ids of 43 characters each, separated by commas'],
    ['update_hook', [], 'the path of a program, or a JSON array of it and its arguments'],
    ['update_hook', ['a', 1], 'the path of a program, or a JSON array of it and its arguments'],
    ['update_hook', '["a"', 'the path of a program, or a JSON array of it and its arguments'],
    ['update_hook', '/opt/hook --now', 'the path of a program, or a JSON array of it and its arguments'],
    ['hostname', 'a\nb', "a machine's name"],
  ])('%s: %j', (key, written, expects) => {
    const name = file({ [key]: written });
    expect(refusal()).toBe(`The setting \`${key}\` in ${name} must be ${expects}.`);
  });

  it('a file that is none', () => {
    const missing = join(folder, 'missing.json');
    expect(refusal({ config: missing })).toBe(`The settings file ${missing} cannot be read (ENOENT).`);
    const name = file('{');
    expect(refusal()).toBe(`The settings file ${name} is not JSON: see line 1, column 2.`);
    file([]);
    expect(refusal()).toBe(`The settings file ${name} must hold one JSON object.`);
  });
});

it('understands lists, commands and switches in each of their spellings', () => {
  const ids = ['a'.repeat(43), 'b'.repeat(43)];
  file({ trusted_keys: ids, update_hook: ['/bin/hook', '--now'], insecure_http: true });
  expect(read().settings).toMatchObject({
    trustedKeys: ids,
    updateHook: ['/bin/hook', '--now'],
    insecureHttp: true,
  });
  const environment = {
    MOORING_AGENT_TRUSTED_KEYS: ids.join(', '),
    MOORING_AGENT_UPDATE_HOOK: '["/bin/hook", "a b"]',
    MOORING_AGENT_INSECURE_HTTP: 'no',
    MOORING_AGENT_PORT: '0',
  };
  expect(read({}, environment)).toMatchObject({
    settings: { trustedKeys: ids, updateHook: ['/bin/hook', 'a b'], insecureHttp: false },
    serve: { port: 0 },
  });
  const hook = join(folder, 'my hook');
  writeFileSync(hook, '');
  expect(read({ 'update-hook': hook }).settings.updateHook).toEqual([hook]);
});
