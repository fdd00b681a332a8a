import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { StartupError } from '../../src/startup-error.js';
import { ArtifactStorage, type StorageSettings } from '../../src/storage/artifact-storage.js';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-storage-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

const open = (settings: Partial<StorageSettings> = {}) =>
  ArtifactStorage.open({
    STORAGE_URL: null,
    MAX_UPLOAD_BYTES: 1_000_000,
    AWS_ACCESS_KEY_ID: null,
    AWS_SECRET_ACCESS_KEY: null,
    AWS_SESSION_TOKEN: null,
    DATA_DIR: dataDir,
    ...settings,
  });

const files = async () =>
  (await readdir(join(dataDir, 'storage'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const staging = () => join(dataDir, 'storage', 'staging');

const leave = async (name: string, ageHours: number) => {
  await mkdir(staging(), { recursive: true });
  const path = join(staging(), name);
  await writeFile(path, 'half');
  const then = new Date(Date.now() - ageHours * 3_600_000);
  await utimes(path, then, then);
};

const chunks = (bytes: Buffer, size: number) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })(),
    { objectMode: false },
  );

it('keeps what it is given, and tells size and hash', async () => {
  const storage = await open();
  const bytes = randomBytes(300_000);
  const kept = await storage.keep(chunks(bytes, 7_001));
  expect(kept).toMatchObject({
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  expect(kept.key).toMatch(/^artifacts\/[0-9a-f-]{36}$/);
  const served = await storage.serve(kept.key, { method: 'GET', contentDisposition: 'attachment' });
  expect(served).toEqual({ kind: 'file', root: join(dataDir, 'storage'), path: kept.key });
  expect(await files()).toEqual([join(dataDir, 'storage', kept.key)]);
  expect(await readFile(join(dataDir, 'storage', kept.key))).toEqual(bytes);
});

it('takes exactly as many bytes as it may, and not one more', async () => {
  const storage = await open({ MAX_UPLOAD_BYTES: 1_000 });
  expect((await storage.keep(chunks(randomBytes(1_000), 100))).size).toBe(1_000);
  await expect(storage.keep(chunks(randomBytes(1_001), 100))).rejects.toMatchObject({ status: 413 });
  expect(await files()).toHaveLength(1);
});

it('keeps nothing of a file that is empty or breaks off', async () => {
  const storage = await open();
  await expect(storage.keep(Readable.from([]))).rejects.toMatchObject({ status: 400 });
  let hasBegun = false;
  const broken = new Readable({
    // It breaks when more of it is asked for: before that, nobody listens who could be told.
    read() {
      if (hasBegun) this.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
      else this.push(randomBytes(200_000));
      hasBegun = true;
    },
  });
  await expect(storage.keep(broken)).rejects.toMatchObject({
    status: 400,
    publicMessage: 'The upload broke off',
  });
  expect(await files()).toEqual([]);
});

it('keeps other failures as they are', async () => {
  const storage = await open();
  await rm(join(dataDir, 'storage', 'staging'), { recursive: true });
  await expect(storage.keep(chunks(randomBytes(10), 10))).rejects.toMatchObject({ code: 'ENOENT' });
});

it('removes a file, and does not mind one that is gone', async () => {
  const storage = await open();
  const { key } = await storage.keep(chunks(randomBytes(10), 10));
  await storage.remove(key);
  expect(await files()).toEqual([]);
  await storage.remove(key);
});

describe('sweeping', () => {
  it('removes at the start what a crash left, and nothing that may be under way', async () => {
    await leave('old.part', 3);
    await leave('young.part', 1);
    await open();
    expect(await readdir(staging())).toEqual(['young.part']);
  });

  it('goes on while the service runs', async () => {
    const storage = await open();
    await leave('old.part', 3);
    await storage.keep(chunks(randomBytes(10), 10));
    expect(await readdir(staging())).toEqual([]);
  });
});

describe('opening', () => {
  it('makes folders that only its own user can enter', async () => {
    await open();
    expect((await stat(join(dataDir, 'storage'))).mode & 0o777).toBe(0o700);
  });

  it('refuses to start on a folder that it can not write to', async () => {
    await writeFile(join(dataDir, 'storage'), 'a file');
    await expect(open()).rejects.toThrow(StartupError);
    await expect(open()).rejects.toThrow(/can't be written to/);
  });

  it('refuses to start where no folder can ever be made', async () => {
    await expect(open({ STORAGE_URL: 'file:/proc/nope' })).rejects.toThrow(
      "The storage folder can't be written to: /proc/nope/staging.",
    );
  });

  it('refuses to start on a bucket without a region', async () => {
    // Whatever the machine of the test is configured for.
    delete process.env.AWS_REGION;
    process.env.AWS_CONFIG_FILE = '/dev/null';
    await expect(open({ STORAGE_URL: 's3://files' })).rejects.toThrow(/needs a region/);
  });

  it('signs with the token of temporary keys', async () => {
    const storage = await open({
      STORAGE_URL: 's3://files?region=x',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'a token',
    });
    const served = await storage.serve('key', { method: 'GET', contentDisposition: 'attachment' });
    const address = new URL(served.kind === 'redirect' ? served.url : 'none:');
    expect(address.searchParams.get('X-Amz-Security-Token')).toBe('a token');
  });

  it('refuses uploads larger than the storage takes', async () => {
    await expect(
      open({ STORAGE_URL: 's3://files?region=x', MAX_UPLOAD_BYTES: 6 * 1024 ** 3 }),
    ).rejects.toThrow('MAX_UPLOAD_BYTES can be 5368709120 at most with this STORAGE_URL.');
  });
});
