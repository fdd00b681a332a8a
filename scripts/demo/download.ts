import { open } from 'node:fs/promises';
import { API } from './client.ts';
import type { FileAnswer } from './publish.ts';
import type { Stage } from './stage.ts';

const PATIENCE_MS = 60_000;
const TOLD = new Set(['content-length', 'content-range', 'content-disposition', 'etag', 'accept-ranges']);

/** The answer to a request for a download token. */
export interface FileLink extends FileAnswer {
  readonly token: string;
  readonly url: string;
  readonly version: string;
  readonly expires_in: number;
}

export interface Transfer {
  readonly link: FileLink;
  /** Bytes are added at its end. */
  readonly to: string;
  /** Ends the transfer, as a broken line would, after so many bytes. */
  readonly breakAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
}

const filePath = ({ token }: FileLink) => `${API}/download/file/${token}`;

/** The link as a panel uses it; a service that is reached by another name than its PUBLIC_URL is asked by that one. */
function reachable({ report, client }: Stage, link: FileLink): string {
  if (link.url.startsWith(`${client.url}/`)) return link.url;
  report.note(`the link begins with ${new URL(link.url).origin}; from here that is ${client.url}`);
  return client.url + filePath(link);
}

async function receive(response: Response, to: string, most: number): Promise<number> {
  const file = await open(to, 'a');
  try {
    let received = 0;
    // Leaving the loop early closes the connection.
    for await (const chunk of response.body ?? []) {
      const part = chunk.subarray(0, most - received);
      await file.writeFile(part);
      received += part.length;
      if (received === most) break;
    }
    return received;
  } finally {
    await file.close();
  }
}

/** Fetches a file or a part of it; answers the headers and how many bytes arrived. */
export async function transfer(
  stage: Stage,
  { link, to, breakAfter = Infinity, headers = {}, status }: Transfer,
): Promise<{ headers: Headers; received: number }> {
  const { report } = stage;
  const url = reachable(stage, link);
  report.request('GET', filePath(link), Object.keys(headers).length === 0 ? {} : { body: headers });
  const response = await fetch(url, {
    headers: { 'Accept-Encoding': 'identity', ...headers },
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const told = Array.from(response.headers).filter(([name]) => TOLD.has(name));
  report.answer(response.status, response.ok ? Object.fromEntries(told) : await response.text());
  report.check(`answered with ${status}`, response.status, status);
  const received = await receive(response, to, breakAfter);
  report.note(`bytes received: ${received}${received === breakAfter ? ', and there the line broke' : ''}`);
  return { headers: response.headers, received };
}

/** The link opens the file now. */
export async function checkAlive(stage: Stage, link: FileLink, to: string): Promise<void> {
  await transfer(stage, { link, to, headers: { Range: 'bytes=0-0' }, status: 206 });
}

/** The link opens nothing any more. */
export async function checkDead({ report, client }: Stage, link: FileLink): Promise<void> {
  const { body } = await client.call({ method: 'GET', path: filePath(link), status: 401 });
  report.check('the link is dead', body, { error: 'Invalid download token' });
}
