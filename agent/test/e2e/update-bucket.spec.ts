import { readFile, writeFile } from 'node:fs/promises';
import { systemClock } from '../../src/clock.js';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { S3Server } from '../../../test/setup/s3-server.js';
import { fetchFile } from '../../src/updates/download.js';
import { partPath } from '../../src/updates/part-file.js';
import { silentProgress } from '../../src/updates/progress.js';
import { folder, panelWithUpdate, tokenFor } from '../setup/artifacts.js';

const SIZE = 300_000;
const KEPT = 120_000;

let s3: S3Server;
let app: TestApp;
let dir: { path: string; remove: () => Promise<void> };
beforeAll(async () => {
  s3 = await S3Server.start('files');
  app = await startApp({
    settings: {
      STORAGE_URL: `s3://files/releases?region=eu-west-1&endpoint=${s3.endpoint}&force_path_style=true`,
      AWS_ACCESS_KEY_ID: s3.account.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.account.secretAccessKey,
    },
  });
  dir = await folder();
});
afterAll(async () => {
  await dir.remove();
  await app.stop();
  await s3.stop();
});

describe('an update whose file is in object storage', () => {
  it('goes on where it stopped, though the tags there are others than the service gives', async () => {
    const world = await panelWithUpdate(app, SIZE);
    const download = await tokenFor(app, world.asks);
    await writeFile(partPath(dir.path, download), world.bytes.subarray(0, KEPT));
    const seen: number[] = [];
    const { path } = await fetchFile({
      download,
      renew: () => tokenFor(app, world.asks),
      folder: dir.path,
      clock: systemClock,
      progress: { ...silentProgress, received: (bytes) => seen.push(bytes) },
      insecureHttp: true,
    });
    expect((await readFile(path)).equals(world.bytes)).toBe(true);
    // Begun anew it would have gone through less.
    expect(Math.min(...seen)).toBeGreaterThan(KEPT);
  });
});
