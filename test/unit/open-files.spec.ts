import { mkdtemp, readdir, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { OpenFiles } from '../../src/downloads/open-files.js';

const MOST_KEPT = 128;

let folder: string;
beforeEach(async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  folder = await mkdtemp(join(tmpdir(), 'mooring-open-'));
});
afterEach(async () => {
  jest.useRealTimers();
  await rm(folder, { recursive: true });
});

async function file(name: string, text = 'bytes'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** How many files of the folder this process has open. */
async function openNow(): Promise<number> {
  const targets = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith(folder)).length;
}

async function untilOpen(count: number): Promise<void> {
  while ((await openNow()) !== count) await new Promise((resolve) => setImmediate(resolve));
}

describe('open files', () => {
  it('are opened once for all who read them, and for the next', async () => {
    const files = new OpenFiles();
    const path = await file('a');
    const [one, other] = await Promise.all([files.open(path), files.open(path)]);
    expect([one.handle, one.size, await openNow()]).toEqual([other.handle, 5, 1]);
    one.release(false);
    other.release(false);
    const next = await files.open(path);
    expect(next.handle).toBe(one.handle);
    next.release(false);
    jest.advanceTimersByTime(2_000);
    await untilOpen(0);
  });

  it('close when nobody has read them for a second or two, and not under a reader', async () => {
    const files = new OpenFiles();
    const [read, idle] = [await file('read'), await file('idle')];
    const reader = await files.open(read);
    (await files.open(idle)).release(false);
    jest.advanceTimersByTime(1_000);
    expect(await openNow()).toBe(2);
    jest.advanceTimersByTime(60_000);
    await untilOpen(1);
    const { bytesRead } = await reader.handle.read(Buffer.alloc(5), 0, 5, 0);
    expect(bytesRead).toBe(5);
    reader.release(false);
    jest.advanceTimersByTime(2_000);
    await untilOpen(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('are opened anew after one of them has failed', async () => {
    const files = new OpenFiles();
    const path = await file('a');
    const [failing, other] = [await files.open(path), await files.open(path)];
    await truncate(path, 2);
    failing.release(true);
    const next = await files.open(path);
    expect([next.size, next.handle === failing.handle]).toEqual([2, false]);
    // Whoever still reads the old one is not cut off from it.
    expect((await other.handle.read(Buffer.alloc(5), 0, 5, 0)).bytesRead).toBe(2);
    other.release(false);
    next.release(false);
    await untilOpen(1);
    jest.advanceTimersByTime(2_000);
    await untilOpen(0);
  });

  it('that are not there are looked for again by the next', async () => {
    const files = new OpenFiles();
    const path = join(folder, 'later');
    await expect(files.open(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await file('later');
    const opened = await files.open(path);
    expect(opened.size).toBe(5);
    opened.release(false);
    jest.advanceTimersByTime(2_000);
    await untilOpen(0);
  });

  it('are only so many: one more closes behind its reader', async () => {
    const files = new OpenFiles();
    const paths = await Promise.all(Array.from({ length: MOST_KEPT + 2 }, (_, index) => file(`${index}`)));
    const opened = [];
    for (const path of paths) opened.push(await files.open(path));
    for (const one of opened) one.release(false);
    await untilOpen(MOST_KEPT);
    expect(await openNow()).toBe(MOST_KEPT);
    jest.advanceTimersByTime(2_000);
    await untilOpen(0);
  });
});
