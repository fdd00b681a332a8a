import { readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { fetchFile, type FileTask } from '../../src/updates/download.js';
import { partPath } from '../../src/updates/part-file.js';
import { silentProgress } from '../../src/updates/progress.js';
import type { VerifiedDownload } from '../../src/updates/verified-download.js';
import { HastyClock, folder, panelWithUpdate, tokenFor } from '../setup/artifacts.js';
import { proxyFiles, type FileProxy } from '../setup/file-proxy.js';

const SIZE = 3_000_000;
const CUT = 1_200_000;

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

async function task(given: Partial<FileTask> = {}): Promise<FileTask & { clock: HastyClock }> {
  return {
    download: await token(),
    renew: token,
    folder: dir.path,
    progress: { ...silentProgress, received: (bytes) => proxy.kept(bytes) },
    insecureHttp: true,
    ...given,
    clock: new HastyClock(),
  };
}

/** Files of the download, but for the lock. */
const files = async () => (await readdir(dir.path)).filter((name) => name !== 'download.lock').toSorted();
const fault = (code: string, sentence: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(sentence) as unknown });

/** What a run leaves that was cancelled after some bytes. */
async function leavePart(download: VerifiedDownload): Promise<void> {
  const stop = new AbortController();
  proxy.next.push({ stallAfter: CUT });
  const progress = { ...silentProgress, received: (bytes: number) => bytes === CUT && stop.abort() };
  await expect(fetchFile(await task({ download, signal: stop.signal, progress }))).rejects.toEqual(
    fault('DOWNLOAD_BROKEN', /cancelled. 1200000 of 3000000 bytes are kept/),
  );
  expect(await files()).toEqual([expect.stringMatching(/^panel-1\.1\.0\.tgz\.[0-9a-f]{16}\.part$/)]);
}

async function expectWhole(path: string): Promise<void> {
  expect(path).toBe(join(dir.path, 'panel-1.1.0.tgz'));
  expect((await readFile(path)).equals(world.bytes)).toBe(true);
  expect(await files()).toEqual(['panel-1.1.0.tgz']);
}

describe('the file of an update', () => {
  it('comes whole under its name, for its owner alone', async () => {
    const seen: number[] = [];
    const progress = { ...silentProgress, received: (bytes: number) => seen.push(bytes) };
    const { path } = await fetchFile(await task({ progress }));
    await expectWhole(path);
    expect(seen.at(-1)).toBe(SIZE);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('is not fetched again when it is there, but when it is another', async () => {
    const download = await token();
    await fetchFile(await task({ download }));
    await fetchFile(await task({ download }));
    expect(proxy.ranges).toEqual([null]);
    await writeFile(join(dir.path, download.filename), Buffer.alloc(SIZE));
    await expectWhole((await fetchFile(await task({ download }))).path);
    expect(proxy.ranges).toEqual([null, null]);
  });

  it('goes on where the line broke, within one run', async () => {
    proxy.next.push({ cutAfter: CUT }, { cutAfter: 1_000_000 });
    const given = await task();
    await expectWhole((await fetchFile(given)).path);
    expect(proxy.ranges).toEqual([null, `bytes=${CUT}-`, 'bytes=2200000-']);
    // Each got further, so none counts for the next.
    expect(given.clock.waits).toEqual([1_000, 1_000]);
  });

  it('goes on where an earlier run stopped', async () => {
    const download = await token();
    await leavePart(download);
    await expectWhole((await fetchFile(await task({ download }))).path);
    expect(proxy.ranges).toEqual([null, `bytes=${CUT}-`]);
  });

  it('starts anew where the whole file is sent instead of the rest', async () => {
    const download = await token();
    await leavePart(download);
    proxy.next.push({ dropsRange: true });
    await expectWhole((await fetchFile(await task({ download }))).path);
    expect(proxy.ranges).toEqual([null, `bytes=${CUT}-`]);
  });

  it('starts anew where the part that is sent is not the one asked for, or there is none', async () => {
    const download = await token();
    await leavePart(download);
    const headers = { 'content-range': `bytes 0-9/${SIZE}`, 'content-length': '10' };
    proxy.next.push({ answer: { status: 206, headers, body: '0123456789' } });
    await expectWhole((await fetchFile(await task({ download }))).path);
    await rm(join(dir.path, download.filename));
    await leavePart(download);
    proxy.next.push({ answer: { status: 416 } });
    await expectWhole((await fetchFile(await task({ download }))).path);
    const each = [null, `bytes=${CUT}-`, null];
    expect(proxy.ranges).toEqual([...each, ...each]);
  });

  it('throws away a part that is longer than the file, and one whose bytes are others', async () => {
    const download = await token();
    const part = partPath(dir.path, download);
    await writeFile(part, Buffer.alloc(SIZE + 1));
    await expectWhole((await fetchFile(await task({ download }))).path);
    expect(proxy.ranges).toEqual([null]);
    await rm(join(dir.path, download.filename));
    await writeFile(part, Buffer.alloc(CUT));
    await expectWhole((await fetchFile(await task({ download }))).path);
    expect(proxy.ranges).toEqual([null, `bytes=${CUT}-`, null]);
    await rm(join(dir.path, download.filename));
    await writeFile(part, world.bytes);
    await truncate(part, SIZE);
    await expectWhole((await fetchFile(await task({ download }))).path);
    // All of it was there: nothing is asked for.
    expect(proxy.ranges).toHaveLength(3);
  });

  it.each([0, CUT, SIZE - 1])('never gets its name when byte %i was changed on the way', async (changeAt) => {
    proxy.otherwise = { changeAt };
    await expect(fetchFile(await task())).rejects.toEqual(
      fault('DOWNLOAD_BROKEN', /not those that were signed/),
    );
    expect(await files()).toEqual([]);
    expect(proxy.ranges).toHaveLength(1);
  });

  it('is refused as soon as more comes than was signed', async () => {
    proxy.otherwise = { append: 1 };
    await expect(fetchFile(await task())).rejects.toEqual(fault('DOWNLOAD_BROKEN', /more than the 3000000/));
    proxy.otherwise = { answer: { status: 200, headers: { 'content-length': '6' }, body: 'Hello.' } };
    await expect(fetchFile(await task())).rejects.toEqual(fault('DOWNLOAD_BROKEN', /sent 6 bytes/));
    proxy.otherwise = {
      answer: { status: 200, headers: { 'content-encoding': 'gzip', 'content-length': String(SIZE) } },
    };
    await expect(fetchFile(await task())).rejects.toEqual(fault('DOWNLOAD_BROKEN', /compressed/));
    expect(await files()).not.toContain('panel-1.1.0.tgz');
  });

  it('loses nothing to the page of a portal, and not to an answer that is about something else', async () => {
    const download = await token();
    await leavePart(download);
    const html = { 'content-type': 'text/html; charset=utf-8' };
    proxy.next.push({ answer: { status: 200, headers: html, body: '<html>' } }, { cutAfter: 1_000 });
    const given = await task({ download });
    await expectWhole((await fetchFile(given)).path);
    expect(proxy.ranges.slice(1)).toEqual([`bytes=${CUT}-`, `bytes=${CUT}-`, `bytes=${CUT + 1_000}-`]);
    await rm(join(dir.path, download.filename));
    proxy.next.push({ answer: { status: 200, body: 'Hello.' } });
    await expectWhole((await fetchFile(await task({ download }))).path);
    expect(proxy.ranges.slice(4)).toEqual([null, 'bytes=6-', null]);
  });

  it('is fetched with another token when the first has expired on the way', async () => {
    const download = await token();
    await leavePart(download);
    app.clock.advance({ seconds: 901 });
    await expectWhole((await fetchFile(await task({ download }))).path);
    expect(proxy.ranges).toEqual([null, `bytes=${CUT}-`, `bytes=${CUT}-`]);
  });

  it('is another one when it was replaced meanwhile', async () => {
    const other = await panelWithUpdate(app, 100_000);
    const old = { ...(await tokenFor(app, other.asks, proxy.url)), sha256: 'ab'.repeat(32), size: 90_000 };
    await writeFile(partPath(dir.path, old), Buffer.alloc(50_000));
    app.clock.advance({ seconds: 901 });
    const renew = () => tokenFor(app, other.asks, proxy.url);
    const { path, download } = await fetchFile(await task({ download: old, renew }));
    expect(download).toMatchObject({ size: 100_000 });
    expect((await readFile(path)).equals(other.bytes)).toBe(true);
    expect(await files()).toEqual([download.filename]);
  });

  it('is not waited for without end where the right to it is refused again and again', async () => {
    proxy.otherwise = { answer: { status: 401 } };
    await expect(fetchFile(await task())).rejects.toEqual(
      fault('DOWNLOAD_BROKEN', /right to download was refused/),
    );
  });

  it('is given up when the line breaks ten times in a row without getting further', async () => {
    // Whole files that always break at the same place are no progress either.
    proxy.otherwise = { dropsRange: true, cutAfter: CUT };
    const given = await task();
    await expect(fetchFile(given)).rejects.toEqual(
      fault('DOWNLOAD_BROKEN', /interrupted 10 times in a row .* bytes are kept/),
    );
    expect(given.clock.waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 30, 30].map((seconds) => seconds * 1_000));
  });

  it('is asked for again when the server says so', async () => {
    const given = await task();
    const now = given.clock.now().getTime();
    const inAMinute = new Date(now + 60_000).toUTCString();
    proxy.next.push(
      { answer: { status: 503, headers: { 'retry-after': '40' } } },
      { answer: { status: 429, headers: { 'retry-after': inAMinute } } },
      { answer: { status: 502, body: '<html>' } },
    );
    await expectWhole((await fetchFile(given)).path);
    expect(given.clock.waits).toEqual([40_000, Date.parse(inAMinute) - now, 4_000]);
  });

  it('is left for later when that is far off', async () => {
    proxy.otherwise = { answer: { status: 503, headers: { 'retry-after': '3600' } } };
    await expect(fetchFile(await task())).rejects.toMatchObject({
      code: 'UNREACHABLE',
      retryAfterSeconds: 3_600,
    });
  });

  it('goes on when a line says nothing any more', async () => {
    // Again and again until all before that is kept: a line that is slow to begin stalls as well.
    proxy.otherwise = { stallAfter: CUT, dropsRange: true };
    const received = (bytes: number) => {
      if (bytes === CUT) proxy.otherwise = {};
    };
    const progress = { ...silentProgress, received };
    await expectWhole((await fetchFile(await task({ stallMs: 300, progress }))).path);
    expect(proxy.ranges).toContain(`bytes=${CUT}-`);
  });

  it('is looked for where the service sends the request, with the range kept', async () => {
    const download = await token();
    await leavePart(download);
    const target = new URL(download.url).pathname;
    proxy.next.push({ answer: { status: 302, headers: { location: target } } });
    await expectWhole((await fetchFile(await task({ download }))).path);
    expect(proxy.ranges.slice(1)).toEqual([`bytes=${CUT}-`, `bytes=${CUT}-`]);
  });

  it('is not looked for in circles, nor in another way than over the web', async () => {
    const download = await token();
    proxy.otherwise = { answer: { status: 302, headers: { location: new URL(download.url).pathname } } };
    await expect(fetchFile(await task({ download }))).rejects.toEqual(fault('DOWNLOAD_BROKEN', /in circles/));
    expect(proxy.ranges).toHaveLength(6);
    proxy.otherwise = { answer: { status: 302, headers: { location: 'file:///etc/passwd' } } };
    await expect(fetchFile(await task({ download }))).rejects.toEqual(fault('DOWNLOAD_BROKEN', /to nowhere/));
  });

  it('is fetched by one agent at a time', async () => {
    const download = await token();
    const stop = new AbortController();
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const received = (bytes: number) => bytes === CUT && begin();
    const progress = { ...silentProgress, received };
    const first = await task({ download, signal: stop.signal, progress });
    const second = await task({ download });
    proxy.next.push({ stallAfter: CUT });
    const fetching = fetchFile(first);
    await begun;
    await expect(fetchFile(second)).rejects.toEqual(fault('BUSY', /Another call/));
    stop.abort();
    await expect(fetching).rejects.toEqual(fault('DOWNLOAD_BROKEN', /cancelled/));
    await expectWhole((await fetchFile(second)).path);
  });
});
