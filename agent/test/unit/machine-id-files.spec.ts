import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { flawOf } from '../../src/domain/machine-id.js';
import { readIdFiles } from '../../src/hardware/machine-id.js';

const ID = '5f2b9c0d41e84a7796d3a1c08be27f64';
const OTHER = '0a2b9c0d41e84a7796d3a1c08be27f64';
let folder: string;
let files: [string, string];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'machine-id-'));
  files = [join(folder, 'dbus'), join(folder, 'etc')];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Null: no such file. */
async function put(texts: readonly (string | null)[]): Promise<void> {
  for (const [index, text] of texts.entries()) {
    if (text !== null) await writeFile(files[index]!, text);
  }
}

/** What node-machine-id runs on Linux, word for word, and how it cleans the answer. */
function asNodeMachineId(): string {
  const command = '( cat "$0" "$1" 2> /dev/null || hostname ) | head -n 1 || :';
  const answer = execFileSync('/bin/sh', ['-c', command, ...files], { encoding: 'utf8' });
  return answer.replace(/\r+|\n+|\s+/gi, '').toLowerCase();
}

describe('The machine id in two files', () => {
  it.each<[what: string, dbus: string | null, etc: string | null, from: 0 | 1]>([
    ['the same', `${ID}\n`, `${ID}\n`, 0],
    ['different ones', `${ID}\n`, `${OTHER}\n`, 0],
    ['the first alone', `${ID}\n`, null, 0],
    ['the second alone', null, `${ID}\n`, 1],
    ['the first empty', '', `${ID}\n`, 1],
    ['capitals and the end of line of Windows', null, `${ID.toUpperCase()}\r\n`, 1],
    ['a second line', null, `${ID}\nnote\n`, 1],
  ])('is what node-machine-id says, with %s', async (_, dbus, etc, from) => {
    await put([dbus, etc]);
    const id = await readIdFiles(files, []);
    expect(id).toMatchObject({ value: asNodeMachineId(), from: files[from], trouble: null });
    expect(id.value).toBe(ID);
    expect(flawOf({ id, container: null })).toBeNull();
  });

  it.each<[what: string, dbus: string | null, etc: string | null, says: RegExp]>([
    ['no file', null, null, /no machine id: neither/],
    ['empty files', '', '', /no machine id: neither/],
    ['no end of line', null, ID, /has no end/],
    ['no end of line in the first', ID, `${ID}\n`, /has no end/],
    ['an empty first line', null, `\n${ID}\n`, /begins with an empty line/],
    ['a file without end', null, `${'a'.repeat(5000)}\n`, /has no end/],
  ])('is none with %s', async (_, dbus, etc, says) => {
    await put([dbus, etc]);
    const id = await readIdFiles(files, []);
    expect(id).toMatchObject({ value: null, trouble: expect.stringMatching(says) });
    expect(flawOf({ id, container: null })).toMatchObject({ isFatal: true });
  });

  it('is never the host name, which node-machine-id falls back to', async () => {
    expect(asNodeMachineId()).toBe(hostname().toLowerCase());
    await put([null, ID]);
    expect(asNodeMachineId()).toBe(`${ID}${hostname().toLowerCase()}`);
    expect((await readIdFiles(files, [])).value).toBeNull();
  });

  it('is none where a file is something else, which could make a reader wait', async () => {
    await mkdir(files[0]);
    await put([null, `${ID}\n`]);
    expect(await readIdFiles(files, [])).toMatchObject({ trouble: `${files[0]} is not an ordinary file.` });
  });

  it('is passed over where it cannot be read', async () => {
    await symlink('dbus', files[0]);
    await put([null, `${ID}\n`]);
    expect(await readIdFiles(files, [])).toMatchObject({ value: ID, from: files[1] });
    expect(asNodeMachineId()).toBe(ID);
  });

  it('is mounted where the file, or what it is a link to, is a mount of its own', async () => {
    await put([null, `${ID}\n`]);
    await symlink('etc', files[0]);
    const root = { root: '/', point: '/', type: 'overlay' };
    const own = { root: '/etc/machine-id', point: files[1], type: 'ext4' };
    const around = { root: '/', point: folder, type: 'ext4' };
    const told = async (mounts: (typeof root)[]) => {
      const { isMounted, isInMemory } = await readIdFiles(files, mounts);
      return { isMounted, isInMemory };
    };
    expect(await told([root, own])).toEqual({ isMounted: true, isInMemory: false });
    expect(await told([root])).toEqual({ isMounted: false, isInMemory: false });
    // A volume around it was filled from the image, so that says nothing.
    expect(await told([root, around])).toEqual({ isMounted: false, isInMemory: false });
    expect(await told([root, { ...own, type: 'tmpfs' }])).toEqual({ isMounted: true, isInMemory: true });
  });
});
