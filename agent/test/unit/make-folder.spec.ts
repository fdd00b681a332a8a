import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolders } from '../../src/state/make-folder.js';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'agent-folders-'));
});
afterEach(() => rm(base, { recursive: true }));

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

it('makes a folder and those above it, for its owner alone', async () => {
  const path = join(base, 'a', 'b', 'c');
  await makeFolders(path);
  expect(await Promise.all([path, join(base, 'a')].map(modeOf))).toEqual([0o700, 0o700]);
});

it('leaves a folder that is there as it is, also behind a link', async () => {
  await chmod(base, 0o755);
  await makeFolders(base);
  expect(await modeOf(base)).toBe(0o755);
  await symlink(base, join(base, 'link'));
  await makeFolders(join(base, 'link', 'below'));
  expect(existsSync(join(base, 'below'))).toBe(true);
});

it('lets two make the same one', async () => {
  const path = join(base, 'x', 'y');
  await Promise.all([makeFolders(path), makeFolders(path), makeFolders(path)]);
  expect((await stat(path)).isDirectory()).toBe(true);
});

it('says what a file in the way is', async () => {
  await writeFile(join(base, 'file'), '');
  await expect(makeFolders(join(base, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolders(join(base, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

it('ends where no folder can be made', async () => {
  await expect(makeFolders('/proc/mooring/agent/state')).rejects.toMatchObject({ code: 'ENOENT' });
});
