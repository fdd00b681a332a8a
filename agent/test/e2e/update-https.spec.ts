import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { selfSigned } from '../../../test/setup/certificate.js';
import { folder, panelWithUpdate, tokenFor } from '../setup/artifacts.js';
import { startFetch } from '../setup/fetch-child.js';

const DAY_MS = 86_400_000;

let app: TestApp;
let world: Awaited<ReturnType<typeof panelWithUpdate>>;
let dir: { path: string; remove: () => Promise<void> };
beforeAll(async () => {
  app = await startApp();
  world = await panelWithUpdate(app, 100_000);
  dir = await folder();
});
afterAll(async () => {
  await dir.remove();
  await app.stop();
});

let front: Server;
let certificate: string;
/** A front with a certificate of that time, which sends every request on to the service over plain HTTP. */
async function startFront(time: Date): Promise<string> {
  const identity = selfSigned('localhost', time);
  certificate = join(dir.path, 'certificate.pem');
  await writeFile(certificate, identity.cert);
  front = createServer(identity, ({ url }, answer) => {
    answer.writeHead(302, { location: app.url + url }).end();
  });
  front.listen(0, 'localhost');
  await once(front, 'listening');
  return `https://localhost:${(front.address() as AddressInfo).port}`;
}
afterEach(async () => {
  front.close();
  await once(front, 'close');
});

const trusting = () => ({ env: { NODE_EXTRA_CA_CERTS: certificate } });

describe('a download over HTTPS', () => {
  it('is not led to plain HTTP unless that is allowed', async () => {
    const download = await tokenFor(app, world.asks, await startFront(new Date()));
    const given = { download, folder: dir.path };
    const refused = await startFetch(given, trusting()).ended();
    expect(refused.lines.at(-1)).toMatch(
      /^fault DOWNLOAD_BROKEN localhost:\d+ redirects the download to plain HTTP/,
    );
    expect(await readdir(dir.path)).not.toContain(download.filename);
    const allowed = await startFetch({ ...given, insecureHttp: true }, trusting()).ended();
    expect(allowed.lines.at(-1)).toBe(`path ${join(dir.path, download.filename)}`);
  });

  it.each([
    ['of nobody known', new Date(), false, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['that has expired', new Date(Date.now() - DAY_MS), true, 'CERT_HAS_EXPIRED'],
  ])('is not begun under a certificate %s', async (_, time, isTrusted, code) => {
    const download = { ...(await tokenFor(app, world.asks, await startFront(time))), filename: 'other.tgz' };
    const { lines } = await startFetch({ download, folder: dir.path }, isTrusted ? trusting() : {}).ended();
    expect(lines).toEqual([
      'ready',
      expect.stringMatching(
        new RegExp(`^fault UNREACHABLE The certificate of localhost:\\d+ is not trusted \\(${code}\\)`),
      ),
    ]);
  });
});
