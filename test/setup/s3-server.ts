import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { signatureProblem, type S3Account } from './s3-signature.js';

export interface StoredObject {
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
}

const STATUS_OF: Readonly<Record<string, number>> = { NoSuchKey: 404, NoSuchBucket: 404, SlowDown: 503 };

/** Of its own making, as in any bucket: it says nothing of the hash. */
const ETAG = '"an-etag"';

/** One bucket on the S3 wire format, path style: whole objects in one request, ranges, HEAD, DELETE and signed addresses. */
export class S3Server {
  readonly account: S3Account = { accessKeyId: 'AKIATEST', secretAccessKey: 'a secret / of+the=test' };
  readonly objects = new Map<string, StoredObject>();
  /** Answers every request with this error code instead. */
  failWith: string | null = null;
  /** How far its clock is ahead. */
  aheadSeconds = 0;

  private constructor(
    readonly bucket: string,
    private readonly server: Server,
  ) {}

  static async start(bucket: string): Promise<S3Server> {
    const server = createServer();
    const s3 = new S3Server(bucket, server);
    server.on('request', (request, response) => {
      s3.answer(request, response).catch(() => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return s3;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.endpoint);
    const [, bucket, ...parts] = decodeURIComponent(url.pathname).split('/');
    const now = Date.now() + this.aheadSeconds * 1_000;
    const problem =
      this.failWith ??
      signatureProblem(request, this.account, now) ??
      (bucket === this.bucket ? null : 'NoSuchBucket');
    if (problem !== null) {
      request.resume();
      return refuse(response, problem);
    }
    const key = parts.join('/');
    if (request.method === 'PUT') return this.put(key, request, response);
    if (request.method === 'DELETE') {
      this.objects.delete(key);
      response.writeHead(204).end();
      return;
    }
    const object = this.objects.get(key);
    return object === undefined ? refuse(response, 'NoSuchKey') : serve(object, url, request, response);
  }

  private async put(key: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { 'content-encoding': encoding, 'content-type': contentType } = request.headers;
    // An older server would store the frames of a chunked signature as if they were the file.
    if (encoding !== undefined) return refuse(response, 'NotImplemented');
    this.objects.set(key, { bytes: await buffer(request), contentType });
    response.writeHead(200, { etag: ETAG }).end();
  }
}

function refuse(response: ServerResponse, code: string): void {
  response.writeHead(STATUS_OF[code] ?? 403, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>Refused</Message></Error>`);
}

function serve({ bytes }: StoredObject, url: URL, request: IncomingMessage, response: ServerResponse): void {
  const { range = '', 'if-range': ifRange = ETAG } = request.headers;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(ifRange === ETAG ? range : '') ?? [];
  const start = Number(first ?? 0);
  const end = last ? Number(last) + 1 : bytes.length;
  const part = bytes.subarray(start, end);
  response.writeHead(first === undefined ? 200 : 206, {
    etag: ETAG,
    'content-length': part.length,
    'content-type': url.searchParams.get('response-content-type') ?? 'binary/octet-stream',
    'content-disposition': url.searchParams.get('response-content-disposition') ?? '',
    ...(first !== undefined && {
      'content-range': `bytes ${start}-${start + part.length - 1}/${bytes.length}`,
    }),
  });
  response.end(request.method === 'HEAD' ? undefined : part);
}
