import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { AgentFault, systemCode } from '../errors.js';

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Whom the name belongs to is not settled by asking once more. */
const CERTIFICATE = /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF|SELF_SIGNED_|UNABLE_TO_)/;

export interface FileRequest {
  /** The first byte that is wanted. */
  readonly from: number;
  readonly etag: string;
  /** Milliseconds without a byte after which the line counts as broken. */
  readonly stallMs: number;
  readonly insecureHttp: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface FileReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Whether the service sent the request elsewhere, to object storage for instance. */
  readonly isRedirected: boolean;
  /** Throws when the line breaks or stalls. Leaving the loop early closes the line. */
  bytes(): AsyncIterable<Uint8Array>;
  /** Closes the line. */
  drop(): void;
}

const stalled = (stallMs: number) => new Error(`nothing came for ${Math.round(stallMs / 1_000)} seconds`);

/** Calls back when nothing has happened for a while. It is about the line and not about the time of day, so no clock is asked. */
function watch(stallMs: number, signal: AbortSignal | undefined, give: (why: Error) => void) {
  const begin = () => setTimeout(() => give(stalled(stallMs)), stallMs);
  let timer = begin();
  const abort = () => give(new Error('it was cancelled'));
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  return {
    pause: () => clearTimeout(timer),
    /** Begins to count anew. */
    resume() {
      timer = begin();
    },
    stop() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}

async function answer(url: URL, headers: Record<string, string>, request: FileRequest) {
  const { get } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  return new Promise<IncomingMessage>((resolve, reject) => {
    const call = get(url, { headers, agent: false });
    const watcher = watch(request.stallMs, request.signal, (why) => call.destroy(why));
    call.once('response', (message) => {
      watcher.stop();
      resolve(message);
    });
    call.on('error', (error) => {
      watcher.stop();
      reject(CERTIFICATE.test(systemCode(error) ?? '') ? distrusted(url, error) : error);
    });
  });
}

const distrusted = (url: URL, cause: Error) =>
  new AgentFault(
    'UNREACHABLE',
    `The certificate of ${url.host} is not trusted (${systemCode(cause)}). Have it renewed, or set the clock and the trusted certificates of this machine right.`,
    { cause },
  );

async function* bytesOf(message: IncomingMessage, { stallMs, signal }: FileRequest) {
  const watcher = watch(stallMs, signal, (why) => message.destroy(why));
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      // What the disk takes to swallow it is not the line's fault.
      watcher.pause();
      yield chunk;
      watcher.resume();
    }
  } finally {
    watcher.stop();
    message.destroy();
  }
}

function nextUrl(from: URL, location: string | undefined, insecureHttp: boolean): URL {
  const target =
    location === undefined || !URL.canParse(location, from.href) ? null : new URL(location, from);
  if (target === null || !['http:', 'https:'].includes(target.protocol)) {
    throw new AgentFault(
      'DOWNLOAD_BROKEN',
      `${from.host} redirects the download to nowhere. Ask your vendor.`,
    );
  }
  if (from.protocol === 'https:' && target.protocol === 'http:' && !insecureHttp) {
    throw new AgentFault(
      'DOWNLOAD_BROKEN',
      `${from.host} redirects the download to plain HTTP, which is not followed. Ask your vendor for an https address, or allow plain HTTP.`,
    );
  }
  return target;
}

/** Asks for a file or the rest of it, and follows redirects. Any error but an AgentFault is that of a line, and may pass. */
export async function requestFile(address: string, request: FileRequest): Promise<FileReply> {
  let url = new URL(address);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
    if (request.from > 0) {
      headers.Range = `bytes=${request.from}-`;
      // Object storage has tags of its own making; there the hash of the whole file must tell.
      if (hops === 0) headers['If-Range'] = request.etag;
    }
    const message = await answer(url, headers, request);
    // A line that breaks while nobody reads is noticed by whoever does next.
    message.on('error', () => undefined);
    const status = message.statusCode ?? 0;
    if (!REDIRECTS.has(status)) {
      return {
        status,
        headers: message.headers,
        isRedirected: hops > 0,
        bytes: () => bytesOf(message, request),
        drop: () => message.destroy(),
      };
    }
    message.destroy();
    url = nextUrl(url, message.headers.location, request.insecureHttp);
  }
  throw new AgentFault('DOWNLOAD_BROKEN', `${url.host} redirects the download in circles. Ask your vendor.`);
}
