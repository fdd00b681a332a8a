import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { systemCode } from '../../src/errors.js';
import { partPath } from '../../src/updates/part-file.js';
import type { VerifiedDownload } from '../../src/updates/verified-download.js';
import { folder, panelWithUpdate, tokenFor } from '../setup/artifacts.js';
import { startFetch } from '../setup/fetch-child.js';
import { killAfter, measure } from '../setup/kills.js';
import { proxyFiles, type FileProxy } from '../setup/file-proxy.js';

/** The rest of a hundred is in update-run-kills.spec.ts. */
const KILLS = 60;
const SIZE = 4_000_000;
const PACE_MS = 4;

let app: TestApp;
let proxy: FileProxy;
let world: Awaited<ReturnType<typeof panelWithUpdate>>;
let dir: { path: string; remove: () => Promise<void> };
beforeAll(async () => {
  app = await startApp();
  world = await panelWithUpdate(app, SIZE);
  proxy = await proxyFiles(app.url);
  proxy.otherwise = { paceMs: PACE_MS };
  dir = await folder();
});
afterAll(async () => {
  await proxy.stop();
  await dir.remove();
  await app.stop();
});

const absent = (error: unknown) => {
  if (systemCode(error) !== 'ENOENT') throw error;
  return null;
};

/** Where a kill has hit, from what lies in the folder after it; `wrong` must never be. */
type Hit = 'before' | 'amid' | 'complete' | 'after' | 'wrong';

async function hitOf(download: VerifiedDownload): Promise<Hit> {
  const final = await readFile(join(dir.path, download.filename)).catch(absent);
  if (final !== null) return final.equals(world.bytes) ? 'after' : 'wrong';
  const part = await stat(partPath(dir.path, download)).catch(absent);
  const size = part?.size ?? 0;
  if (size === 0) return 'before';
  if (size > SIZE) return 'wrong';
  return size < SIZE ? 'amid' : 'complete';
}

describe('an agent that is killed while it downloads', () => {
  it(`never leaves a wrong byte under the file's name, and always goes on, in ${KILLS} kills`, async () => {
    const download = await tokenFor(app, world.asks, proxy.url);
    const task = { download, folder: dir.path, insecureHttp: true };
    const whole = startFetch({ ...task, sayAt: 1 });
    const beginMs = await measure(whole, 'ready', 'reached');
    const endMs = await measure(whole, 'complete', 'path');
    await whole.ended();
    await rm(join(dir.path, download.filename));
    const moments = [
      () => killAfter(startFetch(task), 'ready', 1.5 * beginMs),
      // Between the last byte and the name lie the hash, the flush and the rename.
      () => killAfter(startFetch(task), 'complete', 1.5 * endMs),
      () => killAfter(startFetch({ ...task, sayAt: Math.random() * SIZE }), 'reached', 0),
    ];
    const hits: Hit[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      await moments[Math.min(kill % 5, 2)]!();
      hits.push(await hitOf(download));
      await rm(join(dir.path, download.filename), { force: true });
    }
    const count = (...kinds: Hit[]) => hits.filter((hit) => kinds.includes(hit)).length;
    expect(count('wrong')).toBe(0);
    // Kills that hit nothing would prove nothing.
    expect(count('amid')).toBeGreaterThanOrEqual(KILLS / 5);
    expect(count('amid', 'complete')).toBeGreaterThanOrEqual(KILLS / 3);
    expect(proxy.ranges.filter((range) => range !== null).length).toBeGreaterThanOrEqual(KILLS / 5);

    const last = await startFetch(task).ended();
    expect(last).toMatchObject({ code: 0 });
    expect(await hitOf(download)).toBe('after');
    expect((await readdir(dir.path)).toSorted()).toEqual(['download.lock', download.filename]);
  }, 300_000);
});
