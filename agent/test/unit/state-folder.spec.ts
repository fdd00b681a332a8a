import { createHmac } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { StateFolder } from '../../src/state/state-folder.js';
import { anyState, newFolder, removeFolders } from '../setup/states.js';

afterAll(removeFolders);

/** A folder with a state in it. */
async function kept(counters = { panels: 3 }) {
  const dir = newFolder();
  const folder = new StateFolder(dir);
  await folder.change((_, save) => save(anyState(counters)));
  return { dir, folder, file: join(dir, 'state.json'), key: join(dir, 'state.key') };
}

const names = async (dir: string) => (await readdir(dir)).sort();
const modeOf = async (path: string) => (await lstat(path)).mode & 0o777;
const damage = (text: string | RegExp) => ({ code: 'STATE_DAMAGED', message: expect.stringMatching(text) });

describe('A state folder', () => {
  it('has no state before the first is saved, and reading makes nothing', async () => {
    const dir = newFolder();
    expect(await new StateFolder(dir).read()).toBeNull();
    await expect(stat(dir)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('gives back what was saved, to every reader and change', async () => {
    const { dir, folder } = await kept();
    expect(await folder.read()).toEqual(anyState({ panels: 3 }));
    expect(await new StateFolder(dir).change(async (state) => state)).toEqual(anyState({ panels: 3 }));
  });

  it('is for its owner alone', async () => {
    const { dir } = await kept();
    expect(await modeOf(dir)).toBe(0o700);
    expect(await names(dir)).toEqual(['state.json', 'state.key', 'state.lock']);
    for (const name of await names(dir)) expect(await modeOf(join(dir, name))).toBe(0o600);
  });

  it('keeps nothing of a change that saved nothing', async () => {
    const dir = newFolder();
    expect(await new StateFolder(dir).change(async (state) => state ?? 'none')).toBe('none');
    expect(await names(dir)).toEqual(['state.lock']);
  });

  it('may be saved several times in one change', async () => {
    const { dir, folder } = await kept();
    await folder.change(async (_, save) => {
      for (const n of [1, 2, 3]) {
        await save(anyState({ n }));
        expect(await folder.read()).toEqual(anyState({ n }));
      }
    });
    expect(await names(dir)).toEqual(['state.json', 'state.key', 'state.lock']);
  });

  it('keeps what was saved before the work failed, and is free again', async () => {
    const { dir, folder } = await kept();
    const failed = folder.change(async (_, save) => {
      await save(anyState({ n: 1 }));
      throw new Error('no answer');
    });
    await expect(failed).rejects.toThrow('no answer');
    expect(await folder.tryChange(async (state) => state)).toEqual(anyState({ n: 1 }));
    expect(await names(dir)).toEqual(['state.json', 'state.key', 'state.lock']);
  });

  it('refuses a save after its change has ended, as the folder may be in other hands', async () => {
    const { folder } = await kept();
    const save = await folder.change(async (_, late) => late);
    await expect(save(anyState({ n: 1 }))).rejects.toThrow('no longer locked');
    expect(await folder.read()).toEqual(anyState({ panels: 3 }));
  });

  it('never writes what it would not read', async () => {
    const { folder } = await kept();
    const saving = folder.change((_, save) => save({ ...anyState(), format: 2 as 1 }));
    await expect(saving).rejects.toThrow(TypeError);
    expect(await folder.read()).toEqual(anyState({ panels: 3 }));
  });

  it('sweeps what dead writers left, and nothing else', async () => {
    const { dir, folder } = await kept();
    const left = ['state.json.0123456789ab.tmp', 'state.key.0123456789ab.tmp'];
    const others = ['hardware-seed', 'state.json.tmp', 'panel-2.0.0.zip.0123456789ab.tmp'];
    for (const name of [...left, ...others]) await writeFile(join(dir, name), 'x');
    await folder.change(async () => undefined);
    expect(await names(dir)).toEqual([...others, 'state.json', 'state.key', 'state.lock'].sort());
  });
});

const edited = (text: string) => text.replace('"3"', '"9"');
const otherKey = '0'.repeat(64);

/** A state file whose seal is right, whatever is in it. */
function sealedWith(key: string, body: unknown, format = 1): string {
  const mac = createHmac('sha256', Buffer.from(key.trim(), 'hex'));
  mac.update(`mooring-agent-state/1\n${JSON.stringify(body)}`);
  return JSON.stringify({ format, body, mac: mac.digest('hex') });
}

describe('A state that is not as the agent wrote it', () => {
  it.each<[string, (text: string, key: string) => string, RegExp]>([
    ['is edited', edited, /changed by something else/],
    ['has another seal', (text) => text.replace(/"mac": "../, '"mac": "00'), /changed by something else/],
    ['has no seal', (text) => text.replace(/"mac": "\w+"/, '"mac": null'), /changed by something else/],
    ['has a short seal', (text) => text.replace(/"mac": "\w+"/, '"mac": "ab"'), /changed by something else/],
    ['was sealed elsewhere', () => sealedWith(otherKey, anyState()), /changed by something else/],
    ['is cut short', (text) => text.slice(0, text.length / 2), /cut short/],
    ['is empty', () => '', /cut short/],
    ['is no object', () => 'null', /not a state file/],
    ['has no format', (text) => text.replace('"format": 1', '"format": null'), /not a state file/],
    ['is of another shape', (_, key) => sealedWith(key, { ...anyState(), pins: 'none' }), /does not hold/],
    [
      'has an impossible time',
      (_, key) => sealedWith(key, { ...anyState(), time: { lastSeenAt: 'x', offsetMs: 0 } }),
      /does not hold/,
    ],
    ['is huge', (text) => text + ' '.repeat(5 * 1024 * 1024), /too large/],
    ['is from a newer agent', (_, key) => sealedWith(key, anyState(), 2), /made by a newer agent/],
  ])('is refused by name where it %s', async (_, tamper, sentence) => {
    const { folder, file, key } = await kept();
    await writeFile(file, tamper(await readFile(file, 'utf8'), await readFile(key, 'utf8')));
    await expect(folder.read()).rejects.toMatchObject(damage(sentence));
    await expect(folder.read()).rejects.toMatchObject(damage(file));
    await expect(folder.change(async () => undefined)).rejects.toMatchObject(damage(sentence));
    await expect(folder.tryChange(async () => undefined)).rejects.toMatchObject(damage(sentence));
  });

  it('is refused where the key of its seal is gone, damaged or of another folder', async () => {
    const { folder, key } = await kept();
    const own = await readFile(key, 'utf8');
    await unlink(key);
    await expect(folder.read()).rejects.toMatchObject(damage(/state\.key beside it is gone/));
    await expect(folder.change((_, save) => save(anyState()))).rejects.toMatchObject(damage('is gone'));
    for (const [text, sentence] of [
      [own.slice(0, 20), /state\.key is damaged/],
      [`${otherKey}\n`, /state\.json was changed/],
    ] as const) {
      await writeFile(key, text, { mode: 0o600 });
      await expect(folder.read()).rejects.toMatchObject(damage(sentence));
    }
    await writeFile(key, own);
    expect(await folder.read()).toEqual(anyState({ panels: 3 }));
  });

  it('is refused where others may read it, until they may not', async () => {
    for (const name of ['state.json', 'state.key']) {
      const { dir, folder } = await kept();
      for (const mode of [0o640, 0o604, 0o620, 0o666]) {
        await chmod(join(dir, name), mode);
        await expect(folder.read()).rejects.toMatchObject(damage(`chmod 600 ${join(dir, name)}`));
      }
      await chmod(join(dir, name), 0o600);
      expect(await folder.read()).toEqual(anyState({ panels: 3 }));
    }
  });

  it('is refused where it is a symbolic link, whatever it leads to', async () => {
    const { dir, folder, file } = await kept();
    await rename(file, join(dir, 'elsewhere'));
    for (const target of [join(dir, 'elsewhere'), '/dev/zero', join(dir, 'nowhere')]) {
      await symlink(target, file);
      await expect(folder.read()).rejects.toMatchObject(damage(`${file} is a symbolic link`));
      await unlink(file);
    }
  });

  it('is refused where it is a folder', async () => {
    const { folder, file } = await kept();
    await unlink(file);
    await mkdir(file, { mode: 0o700 });
    await expect(folder.read()).rejects.toMatchObject(damage('is not a file'));
  });
});

const asides = async (dir: string) => (await names(dir)).filter((name) => name.includes('damaged'));

const anew = (folder: StateFolder) =>
  folder.change(
    async (state, save) => {
      expect(state).toBeNull();
      await save(anyState({ anew: 1 }));
    },
    { evenIfDamaged: true },
  );

describe('Beginning anew over a damaged state', () => {
  it('moves it aside by the first save', async () => {
    const { dir, folder, file } = await kept();
    const damagedText = edited(await readFile(file, 'utf8'));
    await writeFile(file, damagedText);
    await anew(folder);
    expect(await folder.read()).toEqual(anyState({ anew: 1 }));
    const [aside, ...more] = await asides(dir);
    expect(aside).toMatch(/^state\.json\.damaged-\d{4}-\d\d-\d\dT[\d-]+\.\d{3}Z$/);
    expect(more).toEqual([]);
    expect(await readFile(join(dir, aside!), 'utf8')).toBe(damagedText);
    expect(await modeOf(join(dir, aside!))).toBe(0o600);
  });

  it('leaves everything in place when nothing is saved', async () => {
    const { dir, folder, file, key } = await kept();
    await chmod(key, 0o644);
    await folder.change(async (state) => expect(state).toBeNull(), { evenIfDamaged: true });
    expect(await asides(dir)).toEqual([]);
    await chmod(key, 0o600);
    expect(await folder.read()).toEqual(anyState({ panels: 3 }));
    expect(await modeOf(file)).toBe(0o600);
  });

  it('makes another key where that is the damaged one', async () => {
    const { dir, folder, key } = await kept();
    await writeFile(key, 'half a key');
    await anew(folder);
    expect(await folder.read()).toEqual(anyState({ anew: 1 }));
    expect(await asides(dir)).toHaveLength(2);
    expect(await modeOf(key)).toBe(0o600);
  });

  it('makes another key where there is none', async () => {
    const { dir, folder, key } = await kept();
    await unlink(key);
    await anew(folder);
    expect(await folder.read()).toEqual(anyState({ anew: 1 }));
    expect(await asides(dir)).toHaveLength(1);
  });

  it('puts a file in the place of a symbolic link, and leaves alone what it led to', async () => {
    const { dir, folder, file } = await kept();
    await unlink(file);
    await writeFile(join(dir, 'elsewhere'), 'not ours');
    await symlink(join(dir, 'elsewhere'), file);
    await anew(folder);
    expect((await lstat(file)).isFile()).toBe(true);
    expect(await readFile(join(dir, 'elsewhere'), 'utf8')).toBe('not ours');
  });

  it('gives a state that is whole as it is', async () => {
    const { dir, folder } = await kept();
    const state = await folder.change(async (whole) => whole, { evenIfDamaged: true });
    expect(state).toEqual(anyState({ panels: 3 }));
    expect(await asides(dir)).toEqual([]);
  });

  it("does not sweep away a newer agent's state", async () => {
    const { folder, file, key } = await kept();
    const newer = sealedWith(await readFile(key, 'utf8'), anyState(), 2);
    await writeFile(file, newer);
    await expect(anew(folder)).rejects.toMatchObject(damage('made by a newer agent'));
    expect(await readFile(file, 'utf8')).toBe(newer);
  });
});
