import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Sent {
  readonly method?: string;
  /** The target exactly as it goes out; `fetch` would tidy it up. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request on a connection of its own, a POST unless told otherwise. */
export async function send(url: string, { method = 'POST', path, headers, body }: Sent): Promise<Received> {
  const { hostname, port } = new URL(url);
  const request = httpRequest({ hostname, port, method, path, headers: { ...headers }, agent: false });
  const answered = once(request, 'response');
  request.end(body);
  const [response] = await answered;
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** A POST of JSON text, however wrong the text is. */
export const jsonPost = (
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Sent => ({
  path,
  body,
  headers: { 'content-type': 'application/json', ...headers },
});
