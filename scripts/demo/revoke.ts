import { join } from 'node:path';
import { API } from './client.ts';
import { checkAlive, checkDead, type FileLink } from './download.ts';
import type { Panel } from './panel.ts';
import type { ReleaseFile } from './release-files.ts';
import type { Sale, Stage } from './stage.ts';
import { asking, requestUpdate } from './update.ts';

interface Revocation {
  readonly panel: Panel;
  readonly file: ReleaseFile;
  /** The link of the first install, still within its quarter of an hour. */
  readonly installer: FileLink;
}

/** One call of the admin, and the panel has lost it all with the very next of its own. */
export async function revoke(
  stage: Stage,
  sale: Sale,
  { panel, file, installer }: Revocation,
): Promise<void> {
  const { report, client, folder } = stage;
  const ask = { sale, machine: panel.machine, version: '1.0.0' };
  report.step('Links that work, until…');
  const link = await requestUpdate(stage, ask, file);
  for (const alive of [link, installer]) await checkAlive(stage, alive, join(folder, 'first-byte'));

  report.step('…the license is revoked');
  const path = `/licenses/${sale.licenseId}/revoke`;
  const { status } = await client.admin<{ status: string }>('POST', path, 200, {
    reason: 'The demo is over',
  });
  report.check('the license is revoked', status, 'revoked');

  report.step('What the panel sees then');
  await panel.refused({ action: 'validate', version: '1.1.0' }, 'REVOKED');
  for (const call of ['check-update', 'token']) {
    const request = {
      method: 'POST',
      path: `${API}/download/${call}`,
      body: asking(ask),
      status: 401,
    } as const;
    const { body } = await client.call(request);
    report.check('no word more than a stranger is told', body, { error: 'Invalid license' });
  }
  for (const dead of [link, installer]) await checkDead(stage, dead);
}
