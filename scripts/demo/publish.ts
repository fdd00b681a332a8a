import type { ReleaseFile } from './release-files.ts';
import type { Sale, Stage } from './stage.ts';

interface Release {
  readonly id: string;
  readonly status: string;
}

/** What the service tells of a file, in every place that tells of one. */
export interface FileAnswer {
  readonly filename: string;
  readonly size: number;
  readonly sha256: string;
  readonly signature: string;
}

/** Where the release files run: here. */
export const PLATFORM = { platform: process.platform, arch: process.arch };

/** Name, size and hash are those of the file on disk, in plain sight and under the signature. */
export async function checkFile(
  { report, seals }: Stage,
  { product }: Sale,
  { file, answer }: { file: ReleaseFile; answer: FileAnswer },
): Promise<void> {
  const { version, filename, size, sha256 } = file;
  const told = { filename: answer.filename, size: answer.size, sha256: answer.sha256 };
  report.check('name, size and SHA-256 are those of the packed file', told, { filename, size, sha256 });
  const { iss: _iss, iat: _iat, exp: _exp, ...claims } = await seals.open('artifact', answer.signature);
  const expected = { product, version, ...PLATFORM, ...told };
  report.check('the signature says the same of product, version and file', claims, expected);
}

/** A version with its file, published. */
export async function publish(stage: Stage, sale: Sale, file: ReleaseFile): Promise<void> {
  const { report, client } = stage;
  report.step(`Release ${file.version}: a draft, its file, and out`);
  const draft = await client.admin<Release>('POST', '/versions', 201, {
    product: sale.product,
    version: file.version,
    changelog: `What is new in ${file.version}.`,
  });
  const query = new URLSearchParams({ ...PLATFORM, filename: file.filename });
  const path = `/versions/${draft.id}/artifacts?${query}`;
  const answer = await client.upload<FileAnswer>(path, file.path);
  await checkFile(stage, sale, { file, answer });
  const { status } = await client.admin<Release>('POST', `/versions/${draft.id}/publish`, 200);
  report.check('the draft is published', [draft.status, status], ['draft', 'published']);
}
