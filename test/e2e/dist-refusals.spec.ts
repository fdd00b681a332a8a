import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../setup/certificate.js';
import { cloneDatabase } from '../setup/database.js';
import { withDatabase } from '../setup/database-url.mjs';
import { runToEnd, startService } from '../setup/service-process.js';

const newKey = () => randomBytes(32).toString('base64');

let folder: string;
let database: { url: string; drop(): Promise<void> };
/** Holds a port. */
let holder: Server;
let port: string;
/** Settings with which it would start. */
let good: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-refusals-'));
  database = await cloneDatabase();
  holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  port = String((holder.address() as AddressInfo).port);
  good = { DATABASE_URL: database.url, MASTER_KEY: newKey(), DATA_DIR: folder, LOG_LEVEL: 'fatal' };
  await mkdir(join(folder, 'working'));
  await writeFile(join(folder, 'file'), '');
  const [one, other] = [selfSigned('localhost', new Date()), selfSigned('localhost', new Date())];
  await writeFile(join(folder, 'cert.pem'), one.cert);
  await writeFile(join(folder, 'key.pem'), one.key);
  await writeFile(join(folder, 'other.pem'), other.key);
  await (await startService(good)).stop();
});
afterAll(async () => {
  holder.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string) => join(folder, name);

/** What is set differently, and the one line it is refused with. */
const REFUSALS = {
  'a port that is taken': () => [
    { PORT: port },
    `Port ${port} is already taken: stop what listens there, or set PORT.`,
  ],
  'an address of another machine': () => [
    { HOST: '203.0.113.7' },
    'HOST 203.0.113.7 is no address of this machine.',
  ],
  'an address that lacks its link': () => [
    { HOST: 'fe80::1' },
    'HOST fe80::1 is no address of this machine.',
  ],
  'a host name that nobody knows': () => [
    { HOST: 'no.such.host.invalid' },
    'HOST no.such.host.invalid is no address of this machine.',
  ],
  'a port that is no number': () => [{ PORT: 'abc' }, 'PORT must be a whole number from 0 to 65535.'],
  'an unknown setting': () => [
    { MOORING_COLOUR: 'red' },
    'MOORING_COLOUR is not a setting; .env.example lists them all.',
  ],
  'a database without a master key': () => [
    { MASTER_KEY: '' },
    'MASTER_KEY is required with DATABASE_URL; make one with: head -c 32 /dev/urandom | base64',
  ],
  'a master key of another database': () => [{ MASTER_KEY: newKey() }, /^MASTER_KEY .*\.$/],
  'a master key that is none': () => [{ MASTER_KEY: 'secret' }, /^MASTER_KEY .*\.$/],
  'a database that nobody serves': () => [
    { DATABASE_URL: 'postgres://u:p4ssw0rd@127.0.0.1:1/x' },
    /^The database can't be used: .*ECONNREFUSED 127\.0\.0\.1:1\.$/,
  ],
  'a database that does not exist': () => [
    { DATABASE_URL: withDatabase(database.url, 'no_such_database') },
    'The database can\'t be used: database "no_such_database" does not exist.',
  ],
  'a database URL that cannot be read': () => [
    { DATABASE_URL: 'postgres://u:p4ssw0rd%zz@127.0.0.1:1/x' },
    /^(DATABASE_URL|The database) .*\.$/,
  ],
  'something that is no PostgreSQL': () => [
    { DATABASE_URL: `postgres://127.0.0.1:${port}/x` },
    /^The database can't be used: .*\.$/,
  ],
  'a data folder that cannot be made': () => [
    { DATABASE_URL: '', DATA_DIR: at('file/data') },
    `The data folder ${at('file/data')} cannot be used (a part of its path is a file): set DATA_DIR to a folder this user may write, or set DATABASE_URL to use a PostgreSQL server.`,
  ],
  'a storage folder that cannot be made': () => [
    { STORAGE_URL: `file:${at('file/storage')}` },
    `The storage folder can't be written to: ${at('file/storage/staging')}.`,
  ],
  'a storage without a bucket': () => [{ STORAGE_URL: 's3://?region=x' }, /^STORAGE_URL .*\.$/],
  'a certificate without its key': () => [
    { TLS_CERT_FILE: at('cert.pem') },
    'TLS_CERT_FILE and TLS_KEY_FILE belong together: set both or neither.',
  ],
  'a certificate that is not there': () => [
    { TLS_CERT_FILE: at('none.pem'), TLS_KEY_FILE: at('key.pem') },
    `TLS_CERT_FILE can't be read: ${at('none.pem')}.`,
  ],
  'a certificate that is none': () => [
    { TLS_CERT_FILE: at('file'), TLS_KEY_FILE: at('key.pem') },
    'TLS_CERT_FILE and TLS_KEY_FILE are no pair in PEM that can be used: no start line.',
  ],
  'a certificate of another key': () => [
    { TLS_CERT_FILE: at('cert.pem'), TLS_KEY_FILE: at('other.pem') },
    'TLS_CERT_FILE and TLS_KEY_FILE are no pair in PEM that can be used: key values mismatch.',
  ],
} as const satisfies Record<string, () => [Record<string, string>, string | RegExp]>;

type RefusalName = keyof typeof REFUSALS;
const NAMES = Object.keys(REFUSALS) as RefusalName[];

interface Outcome {
  readonly code: number | null;
  readonly lines: readonly string[];
}

async function run(settings: Record<string, string>, cwd: string): Promise<Outcome> {
  const { code, output } = await runToEnd({ ...good, ...settings }, cwd);
  return { code, lines: output.trimEnd().split('\n') };
}

const outcomes = new Map<string, Outcome>();

/** A few at a time: each is a process that spends most of its second on loading. */
beforeAll(async () => {
  const left = [...NAMES];
  const work = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      outcomes.set(name, await run(REFUSALS[name]()[0], at('working')));
    }
  };
  await Promise.all([work(), work(), work()]);
}, 240_000);

/** Exactly one line, and the exit code that tells a supervisor that it failed. */
const refusedWith = (line: string | RegExp) => ({
  code: 1,
  lines: [typeof line === 'string' ? line : expect.stringMatching(line)],
});

describe('a start is refused in one line, with exit code 1', () => {
  it.each(NAMES)('for %s', (name) => {
    const [, line] = REFUSALS[name]();
    expect(outcomes.get(name)).toEqual(refusedWith(line));
    expect(outcomes.get(name)?.lines.join()).not.toContain('p4ssw0rd');
  });

  it('for a name in .env that is no setting', async () => {
    await mkdir(at('unknown'));
    await writeFile(at('unknown/.env'), 'PORT=0\nCOLOUR=red\n');
    expect(await run({}, at('unknown'))).toEqual(
      refusedWith('COLOUR is not a setting; .env.example lists them all.'),
    );
  });

  it('for a .env that is no file', async () => {
    await mkdir(at('unreadable/.env'), { recursive: true });
    expect(await run({}, at('unreadable'))).toEqual(
      refusedWith("The file .env in the working folder can't be read."),
    );
  });
});
