import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import type { Report } from './report.ts';

export const API = '/api/v1';
const PATIENCE_MS = 60_000;

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  /** The very bytes of the request's body, which proofs are tied to. */
  readonly sent: Buffer;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From the root of the service. */
  readonly path: string;
  readonly body?: object;
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
}

/** The body for the eye and for the checks: text that is not JSON as it came, bytes only by their number. */
async function bodyOf(response: Response): Promise<unknown> {
  const type = response.headers.get('content-type') ?? 'text/plain';
  if (!/json|^text\//.test(type)) return `(${(await response.bytes()).length} bytes of ${type})`;
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Sends requests, and prints what went out, what came back, and whether it had the right status. */
export class Client {
  readonly url: string;
  private readonly adminKey: string;
  private readonly report: Report;

  constructor({ url, adminKey }: { readonly url: string; readonly adminKey: string }, report: Report) {
    this.url = url;
    this.adminKey = adminKey;
    this.report = report;
  }

  async call<T>({ method, path, body, apiKey, headers = {}, status }: Call): Promise<Answer<T>> {
    this.report.request(method, path, { body, apiKey, headers });
    const sent = Buffer.from(body === undefined ? '' : JSON.stringify(body));
    const response = await fetch(`${this.url}${path}`, {
      method,
      ...(body !== undefined && { body: sent }),
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(apiKey !== undefined && { 'X-Admin-Key': apiKey }),
        ...headers,
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return { ...(await this.read<T>(response, status)), sent };
  }

  /** A call below /api/v1/admin; answers its `data`. */
  async admin<T>(method: Call['method'], path: string, status: number, body?: object): Promise<T> {
    const call = { method, path: `${API}/admin${path}`, body, apiKey: this.adminKey, status };
    return (await this.call<{ data: T }>(call)).body.data;
  }

  /** Streams a file from the disk to the admin plane; answers the `data`. */
  async upload<T>(below: string, file: string): Promise<T> {
    const blob = await openAsBlob(file);
    const path = `${API}/admin${below}`;
    const body = `(${basename(file)}, ${blob.size} bytes)`;
    this.report.request('POST', path, { body, apiKey: this.adminKey });
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      body: blob,
      headers: { 'Content-Type': 'application/octet-stream', 'X-Admin-Key': this.adminKey },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return (await this.read<{ data: T }>(response, 201)).body.data;
  }

  private async read<T>(response: Response, expected: number): Promise<Omit<Answer<T>, 'sent'>> {
    const { status, headers } = response;
    const body = (await bodyOf(response)) as T;
    this.report.answer(status, body);
    this.report.check(`answered with ${expected}`, status, expected);
    return { status, headers, body };
  }
}
