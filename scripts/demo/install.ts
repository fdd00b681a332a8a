import { join } from 'node:path';
import { API } from './client.ts';
import { transfer, type FileLink } from './download.ts';
import { PLATFORM } from './publish.ts';
import type { ReleaseFile } from './release-files.ts';
import type { Sale, Stage } from './stage.ts';
import { checkArrived, requestLink } from './update.ts';

interface ApiKey {
  readonly id: string;
  readonly key: string;
  readonly permissions: readonly string[];
}

/** A download portal serves the installer to a machine that holds no seat yet. */
export async function firstInstall(stage: Stage, sale: Sale, file: ReleaseFile): Promise<FileLink> {
  const { report, client, runId } = stage;
  report.step(`First install: a portal's API key fetches ${file.version} without a seat`);
  const portal = await client.admin<ApiKey>('POST', '/api-keys', 201, {
    name: `Download portal ${runId}`,
    permissions: ['downloads:write'],
    expires_in: 1,
  });
  report.check('the key may do this and nothing else', portal.permissions, ['downloads:write']);
  const body = { license_key: sale.licenseKey, version: file.version, ...PLATFORM };
  const refused = { method: 'POST', path: `${API}/download/token`, body, status: 422 } as const;
  try {
    await client.call(refused);
    const link = await requestLink(stage, sale, { body, file, apiKey: portal.key });
    const to = join(stage.folder, file.filename);
    const { headers, received } = await transfer(stage, { link, to, status: 200 });
    report.check('the answer names the file', headers.get('content-disposition')?.includes(file.filename));
    await checkArrived(stage, { path: to, received, file });
    return link;
  } finally {
    await client.admin('DELETE', `/api-keys/${portal.id}`, 200);
  }
}
