import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AgentFault } from '../../src/errors.js';
import { StateFolder } from '../../src/state/state-folder.js';
import { unwritable } from '../../src/state/unwritable.js';
import { endChildren, startStateChild } from '../setup/child.js';
import { mayMount, onSmallDisk, withFileLimit } from '../setup/disks.js';
import { anyState, newFolder, removeFolders } from '../setup/states.js';

afterEach(endChildren);
afterAll(removeFolders);

/** The folder of a state, whose lock is there too. */
async function kept(): Promise<string> {
  const dir = newFolder();
  await new StateFolder(dir).change((_, save) => save(anyState()));
  return dir;
}

const seed = JSON.stringify(anyState());
const works = { hasWorked: true, code: null };
const refused = (hasWorked: boolean, sentence: RegExp) => ({
  hasWorked,
  code: 'STATE_UNWRITABLE',
  message: expect.stringMatching(sentence),
  isIntact: true,
});

/** A mode can be tried everywhere, as any user; real disks where this user may mount some, and in the tests below by a limit. */
const UNWRITABLE: [string, string, RegExp, (mountPoint: string) => readonly string[]][] = [
  ['its mode forbids it', 'read-only', /may not use .*chown/, () => []],
];
if (mayMount()) {
  UNWRITABLE.push(
    ['it is mounted read-only', 'read-only-disk', /mounted read-only.*Remount/, onSmallDisk],
    ['its disk is full', 'full-disk', /is full.*Free some space/, onSmallDisk],
  );
}

describe('A state folder that cannot be written', () => {
  it.each(UNWRITABLE)('is noticed before the service is asked: %s', async (_, action, sentence, prefix) => {
    const dir = newFolder();
    mkdirSync(dir);
    const child = startStateChild([action, dir, seed], { prefix: prefix(dirname(dir)) });
    expect(await child.next()).toEqual(refused(false, sentence));
    expect(await child.next()).toEqual(works);
    expect(await child.ended).toBe(0);
  });

  it('is noticed where no file may be written to any more', async () => {
    const dir = await kept();
    const child = startStateChild(['attempt', dir], { prefix: withFileLimit(8) });
    expect(await child.next()).toMatchObject({ hasWorked: false, code: 'STATE_UNWRITABLE' });
    expect(await child.ended).toBe(0);
    expect(await new StateFolder(dir).read()).toEqual(anyState());
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('keeps the old state when a new one outgrows what there is room for, and takes a smaller one', async () => {
    const dir = await kept();
    const child = startStateChild(['too-large', dir, '5000'], { prefix: withFileLimit(80) });
    expect(await child.next()).toEqual(refused(true, /limit on file sizes/));
    expect(await child.next()).toBe('STATE_UNWRITABLE');
    expect(await child.ended).toBe(0);
    expect(await new StateFolder(dir).read()).toEqual(anyState({ n: 2 }));
  });

  it("is left alone where another user's state is in it, which root could take", async () => {
    const dir = await kept();
    const { geteuid } = process;
    const owner = geteuid!();
    process.geteuid = () => owner + 1;
    try {
      const folder = new StateFolder(dir);
      for (const change of [folder.change(async () => 1), folder.tryChange(async () => 1)]) {
        await expect(change).rejects.toMatchObject({
          code: 'STATE_UNWRITABLE',
          message: expect.stringContaining(`sudo -u '#${owner}'`),
        });
      }
      expect(await folder.read()).toEqual(anyState());
    } finally {
      process.geteuid = geteuid;
    }
  });

  it('is noticed where a file is in its place or on the way to it', async () => {
    const dir = newFolder();
    writeFileSync(dir, 'a file');
    for (const path of [dir, `${dir}/deeper`]) {
      const change = new StateFolder(path).change(async () => 'worked');
      await expect(change).rejects.toMatchObject({
        code: 'STATE_UNWRITABLE',
        message: expect.stringContaining(`A file is in the way of ${path}.`),
      });
      await expect(new StateFolder(path).read()).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' });
    }
  });

  it.each([
    ['ENOSPC', 'disk', 'Free some space'],
    ['EDQUOT', 'quota', 'Free some space'],
    ['EROFS', 'read-only', 'Remount'],
    ['EACCES', 'may not use', 'chown'],
    ['EPERM', 'may not use', 'chown'],
    ['EIO', 'EIO', 'Look after the disk'],
  ])('is explained for %s', (code, what, remedy) => {
    const cause = Object.assign(new Error(code), { code });
    const fault = unwritable('/var/lib/panel', cause) as AgentFault;
    expect(fault).toBeInstanceOf(AgentFault);
    expect(fault).toMatchObject({ code: 'STATE_UNWRITABLE', cause });
    for (const part of ['/var/lib/panel', what, remedy, 'as it was before'])
      expect(fault.message).toContain(part);
  });
});
