import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as allOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { DataSource } from 'typeorm';
import { rotateMasterKeyCommand } from '../../src/admin-cli/master-key.js';
import { COMMANDS, runAdmin } from '../../src/admin-cli/run.js';
import { readConfig, type Config } from '../../src/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import { DataKeys } from '../../src/signing/data-keys.js';
import { loadOrCreateMasterKeyFile, parseMasterKey } from '../../src/signing/master-key.js';
import { rotateMasterKey } from '../../src/signing/rotation.js';
import { startApp, type TestApp } from '../setup/app.js';
import { SettableClock } from '../setup/clock.js';
import { cloneDatabase } from '../setup/database.js';

const clock = new SettableClock();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const nowhere = () => readConfig({ DATA_DIR: join(folder, 'nowhere') });

/** Runs a command line as `npm run admin` does; answers what it wrote and its exit code. */
async function admin(config: Config, ...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runAdmin(args, {
    loadConfig: () => config,
    clock,
    say: (line) => void out.push(line),
    complain: (line) => void err.push(line),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('the command line', () => {
  it('explains itself', async () => {
    for (const args of [['--help'], ['help'], ['list-keys', '--help']]) {
      const { code, out } = await admin(nowhere(), ...args);
      expect(code).toBe(0);
      for (const name of Object.keys(COMMANDS)) expect(out).toContain(name);
    }
  });

  it.each(
    [
      [],
      ['dance'],
      ['toString'],
      ['list-keys', '--fast'],
      ['list-keys', 'x'],
      ['rotate-signing-key', '--compromised'],
      ['rotate-signing-key', '--compromised', '--overlap-hours', '1'],
    ].map((args) => [args]),
  )('explains itself when it does not understand %j', async (args) => {
    const { code, out, err } = await admin(nowhere(), ...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('rotate-master-key');
  });

  it('makes no new database where there is none', async () => {
    const { code, err } = await admin(nowhere(), 'list-keys');
    expect(code).toBe(1);
    expect(err).toBe(
      `There is no database in ${join(folder, 'nowhere')}: start the service once, or set DATA_DIR.`,
    );
  });
});

describe('beside a running service', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ clock });
  });
  afterAll(() => app.stop());

  const keyIds = async () => {
    const { body } = await app.request('GET', '/api/v1/license/keys');
    return body.keys.map(({ kid }: { kid: string }) => kid) as string[];
  };
  const states = async () =>
    (await admin(app.config, 'list-keys')).out
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/).slice(0, 2));

  it('publishes a new signing key before it signs', async () => {
    const [first] = await keyIds();
    const { code, out } = await admin(app.config, 'rotate-signing-key', '--overlap-hours', '48');
    const [, second] = /New signing key (\S+), signs from 2027-03-03T12:00:00.000Z\./.exec(out) ?? [];
    expect(code).toBe(0);
    expect(await keyIds()).toEqual([first, second]);
    expect(await states()).toEqual([
      [first, 'signs'],
      [second, 'to come'],
    ]);
    clock.advance({ hours: 48 });
    expect((await states()).map(([, state]) => state)).toEqual([
      expect.stringMatching(/verifies|over/),
      'signs',
    ]);
  });

  it('withdraws a compromised key at once', async () => {
    const kid = (await states()).find(([, state]) => state === 'signs')?.[0] ?? '';
    const { code, out } = await admin(app.config, 'rotate-signing-key', '--compromised', kid);
    expect(code).toBe(0);
    expect(out).toContain(`signs from ${clock.now().toISOString()}`);
    expect(await keyIds()).not.toContain(kid);
    expect(await states()).toContainEqual([kid, 'compromised']);
    const events = await app.sql(
      `select action, subject_id, details from audit_events where action like 'signing_key.%' order by id`,
    );
    const signs = (await states()).find(([, state]) => state === 'signs')?.[0];
    expect(events.map(({ action, subject_id }) => [action, subject_id])).toEqual([
      ['signing_key.created', kid],
      ['signing_key.created', signs],
      ['signing_key.compromised', kid],
    ]);
    expect(events.at(-1).details).toEqual({ replaced_by: signs });
  });

  it.each([
    [['--compromised', 'nobody'], "There is no signing key 'nobody'."],
    [['--compromised', '-nobody'], "There is no signing key '-nobody'."],
    [['--compromised', '--nobody'], "There is no signing key '--nobody'."],
    [['--compromised=-nobody'], "There is no signing key '-nobody'."],
    [['--overlap-hours', '1.5'], '--overlap-hours must be a whole number from 0 to 2160.'],
    [['--overlap-hours', '2161'], '--overlap-hours must be a whole number from 0 to 2160.'],
    [
      ['--overlap-hours', '1', '--compromised', 'x'],
      '--compromised replaces the key at once: it takes no --overlap-hours.',
    ],
  ])('refuses to rotate with %j', async (args, message) => {
    const before = await states();
    const { code, err } = await admin(app.config, 'rotate-signing-key', ...args);
    expect([code, err]).toEqual([1, message]);
    expect(await states()).toEqual(before);
  });

  const login = (username: string, password: string) =>
    app.request('POST', '/api/v1/auth/login', { body: { username, password } });
  const me = (token: string) =>
    app.request('GET', '/api/v1/auth/me', { headers: { authorization: `Bearer ${token}` } });
  const systemEvents = (action: string) =>
    app.sql(`select details from audit_events where action = $1 and actor_type = 'system'`, [action]);

  it('gives a user a new password, opens the account and ends its sessions', async () => {
    const { token } = (await login('admin', app.password)).body;
    await app.sql(`update users set locked_until = 'infinity' where username = 'admin'`);
    expect((await me(token)).status).toBe(200);
    const { code, out } = await admin(app.config, 'reset-password');
    const [, password = ''] = /^New password of admin: (\S{20})$/.exec(out) ?? [];
    expect(code).toBe(0);
    expect((await login('admin', app.password)).status).toBe(401);
    expect((await login('admin', password)).status).toBe(200);
    expect((await me(token)).status).toBe(401);
    expect(await systemEvents('user.password_reset')).toEqual([{ details: { two_factor_reset: false } }]);
    const customer = await app.must('POST', '/customers', { name: 'Acme' });
    const user = { username: 'piet', email: 'piet@example.test', role: 'customer', customer_id: customer.id };
    const { id } = await app.must('POST', '/users', user);
    await admin(app.config, 'reset-password', '--username', 'piet');
    const [{ details }] = await app.sql(
      `select details from audit_events where action = 'user.password_reset' and subject_id = $1`,
      [id],
    );
    expect(details).toEqual({ two_factor_reset: false, customer_id: customer.id });
    const missing = await admin(app.config, 'reset-password', '--username', 'nobody');
    expect([missing.code, missing.err]).toEqual([1, "There is no user 'nobody'."]);
  });

  it('makes a user who can log in, once', async () => {
    const args = ['--username', 'Olga', '--email', 'olga@example.test', '--role', 'support'];
    const { code, out } = await admin(app.config, 'create-user', ...args);
    const [, password = ''] = /^Password of Olga: (\S{20})$/.exec(out) ?? [];
    expect(code).toBe(0);
    expect((await login('olga', password)).body.user).toMatchObject({ role: 'support', status: 'active' });
    expect(await systemEvents('user.created')).toContainEqual({
      details: expect.objectContaining({ role: 'support' }),
    });
    const again = await admin(app.config, 'create-user', ...args);
    expect([again.code, again.out, again.err]).toEqual([1, '', 'The username has already been taken.']);
    const wrong = await admin(app.config, 'create-user', '--username', 'x', '--role', 'king');
    expect(wrong.code).toBe(1);
    expect(wrong.err.split('\n')).toEqual(['The email field is required.', 'The selected role is invalid.']);
  });

  it('takes a second factor away when it is told to', async () => {
    await app.sql(`update users set totp_secret = 'x', totp_enabled_at = now() where username = 'Olga'`);
    const kept = await admin(app.config, 'reset-password', '--username', 'olga');
    const [, first = ''] = /: (\S{20})$/.exec(kept.out) ?? [];
    expect((await login('olga', first)).body).toMatchObject({ requires_2fa: true });
    const { out } = await admin(app.config, 'reset-password', '--username', 'olga', '--two-factor', 'off');
    const [, second = ''] = /: (\S{20})$/.exec(out) ?? [];
    expect((await login('olga', second)).body.token).toMatch(/^ms_/);
    const wrong = await admin(app.config, 'reset-password', '--two-factor', 'maybe');
    expect([wrong.code, wrong.err]).toEqual([1, '--two-factor must be keep or off.']);
  });

  it('makes a key that works as it says, once', async () => {
    const { code, out } = await admin(
      app.config,
      'create-key',
      '--name=Billing',
      '--permissions=customers:write, sso:write',
      '--rate-limit=7',
      '--ip-whitelist=127.0.0.0/8',
      '--expires-in=30',
    );
    const [, key = ''] = /^API key Billing: (mk_[0-9a-f]{48})$/.exec(out) ?? [];
    expect(code).toBe(0);
    const [row] = await app.sql(`select * from api_keys where name = 'Billing'`);
    expect(row).toMatchObject({
      permissions: ['customers:write', 'sso:write'],
      ip_whitelist: ['127.0.0.0/8'],
      rate_limit: 7,
      expires_at: new Date(clock.now().getTime() + 30 * 86_400_000),
    });
    const answer = await app.request('GET', '/api/v1/admin/licenses', { headers: { 'x-admin-key': key } });
    expect([answer.status, answer.headers.get('x-ratelimit-limit')]).toEqual([403, '7']);
    expect(await systemEvents('api_key.created')).toHaveLength(2);
    const wrong = await admin(app.config, 'create-key', '--name', 'x', '--permissions', 'wine');
    expect([wrong.code, wrong.err]).toEqual([1, 'The selected permissions.0 is invalid.']);
  });

  it('wraps the keys with another MASTER_KEY', async () => {
    const file = join(folder, 'new.key');
    const next = randomBytes(32).toString('base64');
    await writeFile(file, `${next}\n`);
    const without = await admin(app.config, 'rotate-master-key');
    expect(without.code).toBe(1);
    expect(without.err).toContain('--new-key-file');
    const { code, out } = await admin(app.config, 'rotate-master-key', '--new-key-file', file);
    expect([code, out]).toEqual([0, expect.not.stringContaining(next)]);
    expect((await admin(app.config, 'rotate-signing-key')).err).toMatch(/^MASTER_KEY does not fit/);
    const settings = { ...app.config, MASTER_KEY: next };
    expect((await admin(settings, 'rotate-signing-key')).code).toBe(0);
    const events = await app.sql(
      `select actor_type, subject_id from audit_events where action = 'master_key.rotated'`,
    );
    expect(events).toEqual([{ actor_type: 'system', subject_id: null }]);
    // Once more, as after a run whose end was not seen.
    expect((await admin(app.config, 'rotate-master-key', '--new-key-file', file)).code).toBe(0);
  });
});

describe('the master key in the data folder', () => {
  const config = { ...readConfig({}), MASTER_KEY: null };
  let dataSource: DataSource;
  let drop: () => Promise<void>;
  let dataDir: string;
  beforeEach(async () => {
    const database = await cloneDatabase();
    drop = database.drop;
    dataSource = await createDataSource({ url: database.url, poolSize: 3 }).initialize();
    dataDir = await mkdtemp(join(folder, 'data-'));
  });
  afterEach(async () => {
    await dataSource.destroy();
    await drop();
  });

  const file = (suffix = '') => join(dataDir, `master.key${suffix}`);
  const read = async (suffix = '') => parseMasterKey(await readFile(file(suffix), 'utf8'));
  const rotate = () =>
    rotateMasterKeyCommand.run(
      {
        config,
        clock,
        database: { dataSource, dataDir, embedded: true, stop: async () => undefined },
        say: () => undefined,
        mention: () => undefined,
      },
      {},
    );
  const hashWith = async (suffix = '') => {
    const { pepper } = await DataKeys.load(dataSource.manager, await read(suffix));
    return pepper.hash('session', 'x').toString('hex');
  };

  it('is replaced by a new one, and kept beside it for older backups', async () => {
    await loadOrCreateMasterKeyFile(file());
    const [text, hash] = [await readFile(file(), 'utf8'), await hashWith()];
    await rotate();
    expect(await readFile(file('.previous'), 'utf8')).toBe(text);
    expect(await readFile(file(), 'utf8')).not.toBe(text);
    expect(await hashWith()).toBe(hash);
    await expect(hashWith('.previous')).rejects.toThrow('MASTER_KEY does not fit');
    await rotate();
    expect(await hashWith()).toBe(hash);
  });

  it('is replaced by the next run when one was cut off, wherever that was', async () => {
    await loadOrCreateMasterKeyFile(file());
    const hash = await hashWith();
    const { key: next } = await loadOrCreateMasterKeyFile(file('.next'));
    const text = await readFile(file('.next'), 'utf8');
    // Cut off after the database had changed and before the file had.
    await rotateMasterKey(dataSource.manager, await read(), next, clock.now());
    await rotate();
    expect(await readFile(file(), 'utf8')).toBe(text);
    expect(await hashWith()).toBe(hash);
  });

  it('stays when it does not fit the database', async () => {
    await loadOrCreateMasterKeyFile(file());
    await hashWith();
    const wrong = `${randomBytes(32).toString('base64')}\n`;
    await writeFile(file(), wrong);
    await expect(rotate()).rejects.toThrow('MASTER_KEY does not fit');
    expect(await readFile(file(), 'utf8')).toBe(wrong);
  });

  it('must be there', async () => {
    await expect(rotate()).rejects.toThrow(`${file()} must be readable and hold 32 bytes in base64.`);
    await expect(readFile(file('.next'))).rejects.toThrow('ENOENT');
  });
});

describe('whoever stops reading', () => {
  it('hears nothing more, and no complaint', async () => {
    const script = fileURLToPath(new URL('../../dist/admin-cli.js', import.meta.url));
    const child = spawn(process.execPath, [script, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const [complaint, [code]] = await Promise.all([allOf(child.stderr), once(child, 'exit')]);
    expect([code, complaint]).toEqual([0, '']);
  });
});
