import type { Answer, TestApp } from './app.js';

/** Sends a file in; `query` is what follows the question mark. */
export const importFile = (
  app: TestApp,
  kind: 'licenses' | 'seats',
  raw: string | Uint8Array,
  { type = 'text/csv', query = '' }: { type?: string; query?: string } = {},
): Promise<Answer> =>
  app.request('POST', `/api/v1/admin/import/${kind}?${query}`, {
    raw,
    headers: { 'x-admin-key': app.adminKey, 'content-type': type },
  });

/** A file as it comes out; failing loudly on a refusal. */
export async function exportFile(app: TestApp, kind: 'licenses' | 'seats', query = ''): Promise<string> {
  const { status, body } = await app.request('GET', `/api/v1/admin/export/${kind}?${query}`, {
    headers: { 'x-admin-key': app.adminKey },
  });
  if (status !== 200) throw new Error(`export ${kind}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** The report of a file, good or bad. */
export const reportOf = ({ body }: Answer): any => body.data ?? body.details;

/** Its errors as `line field message`. */
export const errorsOf = (answer: Answer): string[] =>
  reportOf(answer).errors.map(({ line, field, message }: any) => `${line} ${field ?? '-'} ${message}`);

export const csv = (...rows: readonly (readonly string[])[]): string =>
  rows
    .map((cells) =>
      cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(','),
    )
    .map((line) => `${line}\n`)
    .join('');
