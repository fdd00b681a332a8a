import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import machineIds from 'node-machine-id';
import { digestOf } from '../../src/domain/hardware-digest.js';
import { createSeed } from '../../src/hardware/create-seed.js';
import { explainHardware } from '../../src/hardware/hardware-report.js';
import { readSeed } from '../../src/hardware/seed.js';

const SEED = 'a seed of a size that nobody guesses';
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hardware-'));
  file = join(folder, 'seed');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (text: string | Buffer, mode = 0o600) => writeFile(file, text, { mode });
const unknown = (message: RegExp) =>
  expect.objectContaining({ code: 'HARDWARE_UNKNOWN', message: expect.stringMatching(message) });

describe('A seed file', () => {
  it('is read without the blanks around the seed', async () => {
    await write(`\n  ${SEED} \r\n`);
    await expect(readSeed(file)).resolves.toBe(SEED);
  });

  it('may be a link, as secrets of Kubernetes are', async () => {
    await writeFile(join(folder, 'real'), SEED, { mode: 0o444 });
    await symlink('real', file);
    await expect(readSeed(file)).resolves.toBe(SEED);
  });

  it('may be missing, and so may its folder', async () => {
    await expect(readSeed(file)).resolves.toBeNull();
    await expect(readSeed(join(folder, 'no', 'seed'))).resolves.toBeNull();
    await write(SEED);
    await expect(readSeed(join(file, 'seed'))).resolves.toBeNull();
    await symlink('gone', join(folder, 'link'));
    await expect(readSeed(join(folder, 'link'))).resolves.toBeNull();
  });

  it.each<[what: string, text: string | Buffer, says: RegExp]>([
    ['empty', '', /fewer than 32 characters/],
    ['too short', `${'x'.repeat(31)}\n\n\n`, /fewer than 32 characters/],
    ['too long', 'x'.repeat(4097), /longer than 4096 bytes/],
    ['of two lines', `${SEED}\n${SEED}\n`, /not one line of text/],
    ['not text', Buffer.alloc(64, 0x80), /not one line of text/],
  ])('that is %s is refused', async (_, text, says) => {
    await write(text);
    await expect(readSeed(file)).rejects.toEqual(unknown(says));
  });

  it.each([0o620, 0o602, 0o666])('that others can change is refused: mode %o', async (mode) => {
    await write(SEED);
    await chmod(file, mode);
    await expect(readSeed(file)).rejects.toEqual(unknown(/changed by others.*chmod 600/));
  });

  it('that is a folder or never ends is refused, at once', async () => {
    await mkdir(file);
    await expect(readSeed(file)).rejects.toEqual(unknown(/not an ordinary file/));
    await expect(readSeed('/dev/zero')).rejects.toEqual(unknown(/not an ordinary file/));
  });

  it('that may not be read is refused, and a loop of links too', async () => {
    await symlink('seed', file);
    await expect(readSeed(file)).rejects.toEqual(unknown(/cannot be read \(ELOOP\)/));
  });
});

describe('A new seed', () => {
  it('is 256 random bits, for the owner alone, in a folder that is made for it', async () => {
    const deep = join(folder, 'data', 'agent', 'seed');
    await createSeed(deep);
    await expect(readFile(deep, 'utf8')).resolves.toMatch(/^[0-9a-f]{64}\n$/);
    expect((await stat(deep)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'data'))).mode & 0o777).toBe(0o700);
    await createSeed(file);
    expect(await readSeed(file)).not.toBe(await readSeed(deep));
  });

  it('never takes the place of a file that is there, nor of a link that leads nowhere', async () => {
    await write(SEED);
    await expect(createSeed(file)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(file),
    });
    await expect(readFile(file, 'utf8')).resolves.toBe(SEED);
    const link = join(folder, 'link');
    await symlink('gone', link);
    await expect(createSeed(link)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('is refused where no file can be made, and says where', async () => {
    await write(SEED);
    for (const place of [join(file, 'seed'), '/proc/seed']) {
      await expect(createSeed(place)).rejects.toMatchObject({
        code: 'STATE_UNWRITABLE',
        message: expect.stringContaining(place),
      });
    }
  });
});

const explain = (recipe: Parameters<typeof explainHardware>[0]['recipe'] = null, isSeedConfigured = false) =>
  explainHardware({ seedFile: file, isSeedConfigured, recipe });

/** This machine's id as the files have it; null where it has none. */
async function idInFiles(): Promise<string | null> {
  for (const path of ['/var/lib/dbus/machine-id', '/etc/machine-id']) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text !== '') return /^[0-9a-f]{32}\n$/.test(text) ? text.trim() : null;
  }
  return null;
}

describe('The hardware id of this machine', () => {
  it('is 64 hexadecimal characters and the same each time, with a seed', async () => {
    await createSeed(file);
    const first = await explain();
    expect(first.hardware?.id).toMatch(/^[0-9a-f]{64}$/);
    expect(first).toEqual(await explain());
    expect(first.seedFile).toBe(file);
  });

  it('is told by the recipe that the license was activated with, whatever came to be since', async () => {
    await write(SEED);
    const { hardware } = await explain('seed');
    expect(hardware).toEqual({ id: digestOf('seed', null, SEED), recipe: 'seed' });
    const kept = await explain(hardware?.recipe);
    expect(kept.hardware).toEqual(hardware);
    expect(kept.machineIdFrom).toBeNull();
  });

  it('does not depend on a seed file that came after an activation with the machine id', async () => {
    const { because: _, ...before } = await explain('machine-id');
    await write('too short');
    const { because, ...after } = await explain('machine-id');
    expect(after).toEqual(before);
    expect(because).toContain(`${file} is not used: the license was activated without a seed.`);
  });

  it('is what node-machine-id says where it is made of the machine id, and unknown where there is none', async () => {
    const { hardware, problem } = await explain('machine-id');
    const expected = (await idInFiles()) === null ? 'unknown' : machineIds.machineIdSync();
    expect(hardware?.id ?? 'unknown').toBe(expected);
    expect(problem === null).toBe(hardware !== null);
  });

  it('is another with another seed, and needs the one that it was made with', async () => {
    await write(SEED);
    const first = await explain('seed');
    await write(`${SEED}!`);
    expect((await explain('seed')).hardware?.id).not.toBe(first.hardware?.id);
    await rm(file);
    expect(await explain('seed')).toMatchObject({
      hardware: null,
      problem: expect.stringContaining(file),
      seedFile: null,
    });
  });

  it('is unknown with a seed file that is no good, or that was named and is missing, and no seed is made', async () => {
    expect(await explain(null, true)).toMatchObject({
      hardware: null,
      problem: expect.stringContaining(file),
    });
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
    await write('too short');
    for (const recipe of [null, 'seed'] as const) {
      expect(await explain(recipe)).toMatchObject({
        hardware: null,
        problem: expect.stringMatching(/fewer than 32/),
      });
    }
  });

  it('is explained without the seed and the machine id', async () => {
    await write(SEED);
    const told = JSON.stringify([await explain(), await explain('seed'), await explain('machine-id+seed')]);
    expect(told).not.toContain(SEED);
    expect(told).not.toContain((await idInFiles()) ?? SEED);
  });
});
