import { join } from 'node:path';
import { API } from './client.ts';
import { transfer, type FileLink } from './download.ts';
import type { Machine } from './machines.ts';
import { checkFile, PLATFORM } from './publish.ts';
import { sha256Of, type ReleaseFile } from './release-files.ts';
import type { Sale, Stage } from './stage.ts';

const TOKEN_SECONDS = 15 * 60;

interface Offer {
  readonly update_available: boolean;
  readonly latest_version: string;
  readonly via_version: string | null;
  readonly changelog: string;
  readonly size: number;
  readonly sha256: string;
  readonly updates_expired: boolean;
}

export interface Ask {
  readonly sale: Sale;
  readonly machine: Machine;
  /** The version that the panel runs. */
  readonly version: string;
}

/** What an installed panel sends when it asks for updates. */
export const asking = ({ sale, machine, version }: Ask) => ({
  license_key: sale.licenseKey,
  hardware_id: machine.hardwareId,
  current_version: version,
  ...PLATFORM,
});

const checkUpdate = async ({ client }: Stage, ask: Ask): Promise<Offer> => {
  const body = asking(ask);
  return (
    await client.call<Offer>({ method: 'POST', path: `${API}/download/check-update`, body, status: 200 })
  ).body;
};

/** There is nothing newer than what the panel runs. */
export async function checkNoUpdate(stage: Stage, ask: Ask): Promise<void> {
  const { update_available } = await checkUpdate(stage, ask);
  stage.report.check('there is no update', update_available, false);
}

/** The newer version is offered, as the file that was packed. */
export async function checkOffer(stage: Stage, ask: Ask, file: ReleaseFile): Promise<void> {
  const offer = await checkUpdate(stage, ask);
  const { update_available, latest_version, via_version, updates_expired, size, sha256 } = offer;
  const told = { update_available, latest_version, via_version, updates_expired, size, sha256 };
  stage.report.check(`${file.version} is offered, with the size and hash of its file`, told, {
    update_available: true,
    latest_version: file.version,
    via_version: null,
    updates_expired: false,
    size: file.size,
    sha256: file.sha256,
  });
}

/** A download token; `body` asks for it, with an API key for a panel that is not there yet. */
export async function requestLink(
  stage: Stage,
  sale: Sale,
  { body, file, apiKey }: { body: object; file: ReleaseFile; apiKey?: string },
): Promise<FileLink> {
  const call = { method: 'POST', path: `${API}/download/token`, body, apiKey, status: 201 } as const;
  const { body: link } = await stage.client.call<FileLink>(call);
  stage.report.check(`the token is for ${file.version}`, link.version, file.version);
  stage.report.check('it lives for fifteen minutes', link.expires_in, TOKEN_SECONDS);
  await checkFile(stage, sale, { file, answer: link });
  const url = `${stage.seals.issuer}${API}/download/file/${link.token}`;
  stage.report.check('its link is whole, and leads to whoever signed', link.url, url);
  return link;
}

/** A token for what is offered to an installed panel. */
export const requestUpdate = (stage: Stage, ask: Ask, file: ReleaseFile): Promise<FileLink> =>
  requestLink(stage, ask.sale, { body: asking(ask), file });

/** What arrived is what was packed: by size, and by the hash that the signature names. */
export async function checkArrived(
  { report }: Stage,
  { path, received, file }: { path: string; received: number; file: ReleaseFile },
): Promise<void> {
  report.check('every byte is there', received, file.size);
  report.check('and the SHA-256 is the signed one', await sha256Of(path), file.sha256);
}

/** Fetches a file whose transfer breaks after a third, and resumes it where it broke. */
export async function downloadInTwo(stage: Stage, link: FileLink, file: ReleaseFile): Promise<void> {
  const { report } = stage;
  const to = join(stage.folder, file.filename);
  const breakAfter = Math.floor(file.size / 3);
  const first = await transfer(stage, { link, to, breakAfter, status: 200 });
  report.check('a part of the file arrived', first.received, breakAfter);
  const etag = first.headers.get('etag') ?? '';
  report.check('the answer named a strong ETag to resume by', /^"[^"]+"$/.test(etag));
  const headers = { Range: `bytes=${first.received}-`, 'If-Range': etag };
  const rest = await transfer(stage, { link, to, headers, status: 206 });
  const range = `bytes ${first.received}-${file.size - 1}/${file.size}`;
  report.check('the rest begins where the line broke', rest.headers.get('content-range'), range);
  await checkArrived(stage, { path: to, received: first.received + rest.received, file });
}
