import { unreachable, UnreachableError } from './unreachable.js';

/** No answer but a file is longer. */
const MOST_BYTES = 1_048_576;
const PATIENCE_MS = 20_000;

/** What came back, not yet believed. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | null;
  /** The request's body, as it was sent. */
  readonly sent: string;
}

export interface HttpCall {
  /** The service's address. */
  readonly server: string;
  readonly method: 'GET' | 'POST';
  /** Below `/api/v1`. */
  readonly path: string;
  readonly body?: object;
  /** For a date in `Retry-After`. */
  readonly now: Date;
}

/** Seconds to wait, from a number or an HTTP date; null when there is none to be read. */
export function retryAfterSeconds(value: string | null, now: Date): number | null {
  if (value === null) return null;
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : (Date.parse(value) - now.getTime()) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}

/** What is known of an answer before its body is read. */
interface Told {
  readonly status: number;
  readonly origin: string;
  readonly retryAfterSeconds: number | null;
}

async function textOf(response: Response, origin: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) {
      throw new UnreachableError(`${origin} answers with too much; it is no license server`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(text: string, { status, origin, retryAfterSeconds: wait }: Told): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
      return body as Record<string, unknown>;
    }
  } catch {
    // Told below: what came is no answer of the service, whatever it is.
  }
  // A balancer says so with a page of its own.
  if (status === 429 || status >= 500) {
    throw new UnreachableError(`${origin} can't answer now (${status})`, { retryAfterSeconds: wait });
  }
  const what = /^\s*</.test(text)
    ? 'a web page; a proxy or a log-in page stands in between, or the address is wrong'
    : 'something that is no JSON, or only a part of it';
  throw new UnreachableError(`${origin} answers ${status} with ${what}`);
}

/**
 * One request to the service, bounded in time and size. Redirects are not followed: they would carry the key elsewhere.
 * @throws UnreachableError
 */
export async function callService({ server, method, path, body, now }: HttpCall): Promise<HttpAnswer> {
  const { origin } = new URL(server);
  const sent = body === undefined ? '' : JSON.stringify(body);
  try {
    const response = await fetch(`${server}/api/v1${path}`, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: sent }),
    });
    if (response.status >= 300 && response.status < 400) {
      throw new UnreachableError(
        `${origin} sends this machine elsewhere (${response.status}); set the address that it leads to as the server`,
      );
    }
    const told = {
      status: response.status,
      origin,
      retryAfterSeconds: retryAfterSeconds(response.headers.get('retry-after'), now),
    };
    const { status, retryAfterSeconds: wait } = told;
    return { status, body: jsonOf(await textOf(response, origin), told), retryAfterSeconds: wait, sent };
  } catch (error) {
    throw unreachable(origin, error);
  }
}
