import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestApp } from '../../../test/setup/app.js';
import { askToken, install, upload } from '../../../test/setup/releases.js';
import type { Clock } from '../../src/clock.js';
import type { VerifiedDownload } from '../../src/updates/verified-download.js';

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A published release with one file of so many random bytes. */
export async function releaseBytes(
  app: TestApp,
  product: { code: string },
  {
    version,
    size,
    filename = `panel-${version}.tgz`,
    ...fields
  }: { version: string; size: number; filename?: string } & Record<string, unknown>,
): Promise<{ bytes: Buffer; version: any }> {
  const bytes = randomBytes(size);
  const draft = await app.must('POST', '/versions', { product: product.code, version, ...fields });
  const { status, body } = await upload(app, draft.id, bytes, { filename });
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return { bytes, version: await app.must('POST', `/versions/${draft.id}/publish`) };
}

/** A right to download, as the agent passes it on: by way of `server`, and with what the token's answer says of the file. */
export async function tokenFor(
  app: TestApp,
  asks: object,
  server: string = app.url,
): Promise<VerifiedDownload> {
  const { status, body } = await askToken(app, asks);
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  const { token, version, filename, size, sha256, expires_in: expiresInSeconds } = body;
  return {
    url: `${server}/api/v1/download/file/${token}`,
    version,
    filename,
    size,
    sha256,
    expiresInSeconds,
  };
}

/** A panel for which a release with such a file is published. */
export async function panelWithUpdate(app: TestApp, size: number) {
  const world = await install(app);
  const { bytes, version } = await releaseBytes(app, world.product, { version: '1.1.0', size });
  return { ...world, bytes, version };
}

/** A clock that stands still at the time of its making and does not wait; it remembers how long it should have. */
export class HastyClock implements Clock {
  readonly waits: number[] = [];
  readonly #now = Date.now();

  now(): Date {
    return new Date(this.#now);
  }

  async sleep(milliseconds: number): Promise<void> {
    this.waits.push(milliseconds);
  }
}

/** A folder for one test. */
export async function folder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'mooring-agent-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
