import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:https';

/** An answer of the service on its way. */
export interface Passing {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What is done to it; `cut` closes the connection in the middle of the body, `drop` instead of an answer. */
export type Meddled = Partial<Pick<Passing, 'status' | 'headers' | 'body'>> | 'cut' | 'drop';

export interface Line {
  readonly url: string;
  /** Called for each answer from now on; null lets it pass. */
  meddle: ((answer: Passing) => Meddled | null) | null;
  /** Requests that have been passed on, as `POST /api/v1/license/validate`. */
  readonly passed: string[];
  stop(): Promise<void>;
}

/**
 * Connections are kept however long nobody asks: after a while of standing still, a request would go onto one that is just
 * being given up.
 */
export const PATIENT = { keepAliveTimeout: 0 };

const CONTENT_LENGTH = 'content-length';

function answer(response: ServerResponse, passing: Passing, meddled: Meddled | null): void {
  if (meddled === 'drop') return void response.destroy();
  const { status, headers, body } = { ...passing, ...(meddled !== 'cut' && meddled) };
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, [CONTENT_LENGTH]: String(bytes.length) });
  if (meddled !== 'cut') return void response.end(bytes);
  response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => response.destroy());
}

/** A line to the real service on which somebody sits. With a certificate it speaks TLS. */
export async function startLine(target: string, tls?: { key: string; cert: string }): Promise<Line> {
  const line = { meddle: null as Line['meddle'], passed: [] as string[] };
  const pass: Parameters<typeof createServer>[1] = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = 'GET', url = '/' } = request;
    line.passed.push(`${method} ${url}`);
    const type = request.headers['content-type'];
    const real = await fetch(target + url, {
      method,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      headers: type === undefined ? {} : { 'content-type': type },
    });
    const headers = Object.fromEntries(
      Array.from(real.headers).filter(([name]) => name === 'content-type' || name === 'retry-after'),
    );
    const passing = { method, path: url, status: real.status, headers, body: await real.text() };
    answer(response, passing, line.meddle?.(passing) ?? null);
  };
  const server: Server =
    tls === undefined ? createServer(PATIENT, pass) : createTlsServer({ ...tls, ...PATIENT }, pass);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(line, {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
