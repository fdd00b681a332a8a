import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import {
  loadOrCreateMasterKeyFile,
  parseMasterKey,
  refuseWrongMasterKey,
  UnwrapError,
} from '../../src/signing/master-key.js';
import { StartupError } from '../../src/startup-error.js';

const base64Of = (fill: number) => Buffer.alloc(32, fill).toString('base64');
const key = parseMasterKey(base64Of(1));
const secret = Buffer.from('a secret of some length');

describe('parseMasterKey', () => {
  it.each([
    ['standard base64', base64Of(255)],
    ['the URL alphabet without padding', Buffer.alloc(32, 255).toString('base64url')],
    ['a trailing newline', `${base64Of(255)}\n`],
  ])('accepts 32 bytes in %s', (_form, text) => {
    const wrapped = parseMasterKey(base64Of(255)).wrap('data-key', 'pepper', secret);
    expect(parseMasterKey(text).unwrap('data-key', 'pepper', wrapped)).toEqual(secret);
  });

  it.each([
    ['a blank', ' '],
    ['31 bytes', Buffer.alloc(31, 7).toString('base64')],
    ['33 bytes', Buffer.alloc(33, 7).toString('base64')],
    ['hexadecimal', Buffer.alloc(32, 7).toString('hex')],
    ['a foreign character', `${base64Of(7).slice(0, 20)}!${base64Of(7).slice(21)}`],
  ])('refuses %s in one line that does not repeat the value', (_name, text) => {
    const refusal = catchError(() => parseMasterKey(text));
    expect(refusal).toBeInstanceOf(StartupError);
    expect(refusal.message).toMatch(/^MASTER_KEY [^\n]+$/);
    expect(refusal.message.split(' ')).not.toContain(text);
  });
});

describe('wrapping', () => {
  it('gives the secret back for the same purpose and name', () => {
    const wrapped = key.wrap('data-key', 'pepper', secret);
    expect(wrapped.includes(secret)).toBe(false);
    expect(key.unwrap('data-key', 'pepper', wrapped)).toEqual(secret);
  });

  it('never uses a nonce twice', () => {
    const nonces = Array.from({ length: 100 }, () =>
      key.wrap('data-key', 'pepper', secret).subarray(1, 13).toString('hex'),
    );
    expect(new Set(nonces).size).toBe(100);
  });

  it('refuses another key, a swapped row, another purpose, and every damaged byte', () => {
    const wrapped = key.wrap('data-key', 'pepper', secret);
    expect(() => parseMasterKey(base64Of(2)).unwrap('data-key', 'pepper', wrapped)).toThrow(UnwrapError);
    expect(() => key.unwrap('data-key', 'answers', wrapped)).toThrow(UnwrapError);
    expect(() => key.unwrap('signing-key', 'pepper', wrapped)).toThrow(UnwrapError);
    for (let at = 0; at < wrapped.length; at += 1) {
      const damaged = Buffer.from(wrapped);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
      expect(() => key.unwrap('data-key', 'pepper', damaged)).toThrow(UnwrapError);
    }
    for (const length of [0, 1, 13, 28, wrapped.length - 1]) {
      expect(() => key.unwrap('data-key', 'pepper', wrapped.subarray(0, length))).toThrow(UnwrapError);
    }
  });

  it('shows no key material when it is logged', () => {
    expect(`${inspect(key, { depth: 9, showHidden: true })}${JSON.stringify(key)}`).not.toMatch(
      /AQEB|0101|01 01/,
    );
  });

  it('turns a secret that can not be unwrapped into a refusal to start, and lets other errors pass', async () => {
    const wrapped = key.wrap('data-key', 'pepper', secret);
    const wrongKey = refuseWrongMasterKey(async () =>
      parseMasterKey(base64Of(2)).unwrap('data-key', 'pepper', wrapped),
    );
    await expect(wrongKey).rejects.toThrow(StartupError);
    await expect(wrongKey).rejects.toThrow(/^MASTER_KEY does not fit this database[^\n]*$/);
    const failure = new TypeError('something else');
    await expect(refuseWrongMasterKey(() => Promise.reject(failure))).rejects.toBe(failure);
  });
});

describe('the master key file', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mooring-master-key-'));
    path = join(folder, 'master.key');
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('is made once, private, and found again', async () => {
    const first = await loadOrCreateMasterKeyFile(path);
    const second = await loadOrCreateMasterKeyFile(path);
    expect([first.created, second.created]).toEqual([true, false]);
    const wrapped = first.key.wrap('data-key', 'pepper', secret);
    expect(second.key.unwrap('data-key', 'pepper', wrapped)).toEqual(secret);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['master.key']);
  });

  it('is one key however many ask at once', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateMasterKeyFile(path)));
    const wrapped = parseMasterKey(await readFile(path, 'utf8')).wrap('data-key', 'pepper', secret);
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    for (const one of all) expect(one.key.unwrap('data-key', 'pepper', wrapped)).toEqual(secret);
    expect(await readdir(folder)).toEqual(['master.key']);
  });

  it('is refused when damaged, and stays as it is', async () => {
    await writeFile(path, 'not a key\n');
    await expect(loadOrCreateMasterKeyFile(path)).rejects.toThrow(
      new StartupError(`The master key file ${path} is damaged: it must hold 32 bytes in base64.`),
    );
    expect(await readFile(path, 'utf8')).toBe('not a key\n');
  });

  it('is refused in one sentence when its folder is not there', async () => {
    const missing = join(folder, 'missing', 'master.key');
    const refusal = loadOrCreateMasterKeyFile(missing);
    await expect(refusal).rejects.toThrow(StartupError);
    await expect(refusal).rejects.toThrow(`The master key file ${missing} can't be used: ENOENT.`);
  });
});

function catchError(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown');
}
