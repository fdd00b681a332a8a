import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer, TestApp } from './app.js';
import { hardwareId, panelBody } from './app.js';

export interface Target {
  readonly platform?: string;
  readonly arch?: string;
  readonly filename?: string;
}

/** The address of an upload, below the service's own. */
export const uploadPath = (versionId: string, { filename = 'panel.tgz', ...target }: Target = {}): string =>
  `/api/v1/admin/versions/${versionId}/artifacts?${new URLSearchParams({ ...target, filename })}`;

export const uploadHeaders = (app: TestApp) => ({
  'x-admin-key': app.adminKey,
  'content-type': 'application/octet-stream',
});

export const upload = (
  app: TestApp,
  versionId: string,
  raw: string | Uint8Array,
  target: Target = {},
): Promise<Answer> =>
  app.request('POST', uploadPath(versionId, target), { raw, headers: uploadHeaders(app) });

/** A draft of a product with one file for each target. */
export async function draft(
  app: TestApp,
  product: { code: string },
  fields: { version: string } & Record<string, unknown>,
  targets: readonly Target[] = [{}],
): Promise<any> {
  const version = await app.must('POST', '/versions', { product: product.code, ...fields });
  for (const target of targets) {
    const answer = await upload(app, version.id, `the bytes of ${fields.version}`, target);
    if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return version;
}

/** The same, published. */
export async function release(...args: Parameters<typeof draft>): Promise<any> {
  const [app] = args;
  const { id } = await draft(...args);
  return app.must('POST', `/versions/${id}/publish`);
}

/** A license with a seat, and what its panel asks with. */
export async function install(app: TestApp, given: Parameters<TestApp['sell']>[0] = {}) {
  const sold = await app.sell(given);
  const hardware = hardwareId();
  const { status, body } = await app.panel('activate', panelBody(sold.key, hardware));
  if (status !== 201) throw new Error(JSON.stringify(body));
  const asks = { license_key: sold.key, hardware_id: hardware, current_version: '1.0.0' };
  return { ...sold, hardware, asks };
}

export const checkUpdate = (app: TestApp, body: unknown): Promise<Answer> =>
  app.request('POST', '/api/v1/download/check-update', { body });

export const askToken = (
  app: TestApp,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> => app.request('POST', '/api/v1/download/token', { body, headers });

/** A request of the file behind a token, below the service's own address. */
export const fetchFile = (
  app: TestApp,
  token: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> => app.request(method, `/api/v1/download/file/${token}`, { headers });

/** Every file in the app's storage folder, by its path below it. */
export async function storedFiles(app: TestApp): Promise<string[]> {
  const root = join(String(app.config.DATA_DIR), 'storage');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}
