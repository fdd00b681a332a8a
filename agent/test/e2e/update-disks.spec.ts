import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { fetchFile, type FileTask } from '../../src/updates/download.js';
import { partPath } from '../../src/updates/part-file.js';
import { silentProgress } from '../../src/updates/progress.js';
import { HastyClock, folder, panelWithUpdate, tokenFor } from '../setup/artifacts.js';
import { withFileLimit } from '../setup/disks.js';
import { startFetch } from '../setup/fetch-child.js';
import { proxyFiles, type FileProxy } from '../setup/file-proxy.js';

const SIZE = 3_000_000;

let app: TestApp;
let proxy: FileProxy;
let world: Awaited<ReturnType<typeof panelWithUpdate>>;
let dir: { path: string; remove: () => Promise<void> };
beforeAll(async () => {
  app = await startApp();
  world = await panelWithUpdate(app, SIZE);
});
afterAll(() => app.stop());
beforeEach(async () => {
  proxy = await proxyFiles(app.url);
  dir = await folder();
});
afterEach(async () => {
  await proxy.stop();
  await dir.remove();
});

const token = () => tokenFor(app, world.asks, proxy.url);
const fault = (code: string, sentence: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(sentence) as unknown });

async function task(given: Partial<FileTask>): Promise<FileTask> {
  return {
    download: await token(),
    renew: token,
    folder: dir.path,
    clock: new HastyClock(),
    progress: silentProgress,
    insecureHttp: true,
    ...given,
  };
}

describe('the disk of the downloads', () => {
  it('is looked at before the first byte is fetched', async () => {
    const download = { ...(await token()), size: 9e15 };
    await expect(fetchFile(await task({ download }))).rejects.toEqual(
      fault(
        'DISK_FULL',
        /needs 9000000016\.8 MB on the disk of .*, and \d+\.\d MB are free\. Free some space/,
      ),
    );
    expect(proxy.ranges).toEqual([]);
  });

  it('may be in the way of the folder', async () => {
    const file = join(dir.path, 'file');
    await writeFile(file, '');
    for (const where of [file, join(file, 'below')]) {
      await expect(fetchFile(await task({ folder: where }))).rejects.toEqual(
        fault('STATE_UNWRITABLE', /cannot be used \((EEXIST|ENOTDIR)\)\. A file is in the way/),
      );
    }
    const download = await token();
    await mkdir(join(dir.path, download.filename));
    await expect(fetchFile(await task({ download }))).rejects.toEqual(
      fault('STATE_UNWRITABLE', /EISDIR.*Move the folder away/),
    );
  });

  it('may take no more of the file: what is there is kept, and it goes on when there is room', async () => {
    const download = await token();
    const given = { download, folder: dir.path, insecureHttp: true };
    const first = await startFetch(given, { prefix: withFileLimit(2_000) }).ended();
    expect(first).toMatchObject({ code: 1 });
    expect(first.lines.at(-1)).toMatch(/^fault STATE_UNWRITABLE .*\(EFBIG\)\. A limit on file sizes is set/);
    expect((await stat(partPath(dir.path, download))).size).toBe(2_000 * 512);
    const second = await startFetch(given).ended();
    expect(second).toMatchObject({ code: 0 });
    expect((await readFile(join(dir.path, download.filename))).equals(world.bytes)).toBe(true);
    expect(proxy.ranges).toEqual([null, `bytes=${2_000 * 512}-`]);
  });
});

/** A small file system of its own on a folder. */
const mount = (path: string, megabytes: number) => ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', path];

async function smallDisk(megabytes: number) {
  const path = join(dir.path, 'disk');
  await mkdir(path);
  execFileSync('mount', mount(path, megabytes));
  return { path, remove: () => void execFileSync('umount', ['-l', path]) };
}

/** In many containers nobody may; the tests above try the same rules by a limit. */
function mayMount(): boolean {
  if (spawnSync('mount', mount('/mnt', 1)).status !== 0) return false;
  execFileSync('umount', ['/mnt']);
  return true;
}

if (mayMount()) {
  describe('a real disk', () => {
    it('may fill while the file comes: what is there is kept, and it goes on when there is room', async () => {
      const disk = await smallDisk(24);
      const download = await token();
      proxy.otherwise = { paceMs: 20 };
      try {
        let isFull = false;
        const received = (bytes: number) => {
          if (isFull || bytes < 500_000) return;
          isFull = true;
          spawnSync('sh', ['-c', `cat /dev/zero > ${disk.path}/other`]);
        };
        const progress = { ...silentProgress, received };
        await expect(fetchFile(await task({ download, folder: disk.path, progress }))).rejects.toEqual(
          fault('DISK_FULL', /is full\. Free some space .* what was downloaded is kept/),
        );
        await rm(join(disk.path, 'other'));
        const { path } = await fetchFile(await task({ download, folder: disk.path }));
        expect((await readFile(path)).equals(world.bytes)).toBe(true);
        expect(Number(/\d+/.exec(proxy.ranges[1] ?? '')?.[0])).toBeGreaterThanOrEqual(500_000);
      } finally {
        disk.remove();
      }
    });

    it('may be read-only', async () => {
      const disk = await smallDisk(24);
      try {
        execFileSync('mount', ['-o', 'remount,ro', disk.path]);
        for (const where of [disk.path, join(disk.path, 'updates')]) {
          await expect(fetchFile(await task({ folder: where }))).rejects.toMatchObject({
            code: 'STATE_UNWRITABLE',
            message: expect.stringMatching(/mounted read-only/),
          });
        }
      } finally {
        disk.remove();
      }
    });
  });
}
