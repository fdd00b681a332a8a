import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to an answer on its way; what is left out, does not. */
export interface Treatment {
  /** Breaks the line after so many bytes. */
  readonly cutAfter?: number;
  /** Says nothing more after so many bytes, and keeps the line. */
  readonly stallAfter?: number;
  /** Changes the byte at this place of the answer. */
  readonly changeAt?: number;
  /** Sends so many bytes more than there are, without a length. */
  readonly append?: number;
  /** Asks for the whole file whatever was asked for. */
  readonly dropsRange?: boolean;
  /** Milliseconds for each piece of 64 KiB. */
  readonly paceMs?: number;
  /** An answer of the proxy's own; the service is not asked. */
  readonly answer?: {
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  };
}

/** A wire to the service that a test can spoil. */
export interface FileProxy {
  readonly url: string;
  /** The ranges that were asked for, in order; null for whole files. */
  readonly ranges: (string | null)[];
  /** The treatments of the next requests, in order. */
  readonly next: Treatment[];
  /** The treatment of all others. */
  otherwise: Treatment;
  stop(): Promise<void>;
}

const PIECE = 64 * 1024;

/**
 * How long the receiver has to read what was written before a cut, and keep it: a break makes it drop what it had not come
 * to. With too short a time a busy machine gets further at its second try, which a test of no progress takes for some.
 */
const READING_MS = 250;

/** Waits until more can be written, or nobody reads any more. */
async function drained(to: ServerResponse): Promise<void> {
  const stop = new AbortController();
  const quiet = { signal: stop.signal };
  const either = [once(to, 'drain', quiet), once(to, 'close', quiet)];
  await Promise.race(either).catch(() => undefined);
  stop.abort();
  await Promise.allSettled(either);
}

async function pass(from: IncomingMessage, to: ServerResponse, treatment: Treatment): Promise<void> {
  const { cutAfter = Infinity, stallAfter = Infinity, changeAt = -1, append = 0, paceMs = 0 } = treatment;
  let sent = 0;
  for await (const chunk of from as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += PIECE) {
      const end = Math.min(cutAfter, stallAfter) - sent;
      const piece = Buffer.from(chunk.subarray(at, Math.min(at + PIECE, chunk.length, at + end)));
      if (changeAt >= sent && changeAt < sent + piece.length) piece[changeAt - sent]! ^= 1;
      sent += piece.length;
      if (paceMs > 0) await sleep(paceMs * (piece.length / PIECE));
      if (to.destroyed) return;
      if (!to.write(piece)) await drained(to);
      if (sent === stallAfter) return;
      if (sent === cutAfter) {
        await sleep(READING_MS);
        to.destroy();
        return;
      }
    }
  }
  to.end(Buffer.alloc(append));
}

/** Starts one in front of a service. */
export async function proxyFiles(target: string): Promise<FileProxy> {
  const ranges: (string | null)[] = [];
  const next: Treatment[] = [];
  const server = createServer((incoming, outgoing) => {
    const treatment = next.shift() ?? proxy.otherwise;
    const { host: _host, ...headers } = incoming.headers;
    ranges.push(headers.range ?? null);
    outgoing.on('error', () => undefined);
    if (treatment.answer !== undefined) {
      outgoing.writeHead(treatment.answer.status, treatment.answer.headers).end(treatment.answer.body);
      return;
    }
    if (treatment.dropsRange) delete headers.range;
    const call = request(
      target + incoming.url,
      { method: incoming.method, headers, agent: false },
      (answer) => {
        const { 'content-length': length, ...rest } = answer.headers;
        outgoing.writeHead(
          answer.statusCode ?? 502,
          treatment.append === undefined ? { ...rest, 'content-length': length } : rest,
        );
        pass(answer, outgoing, treatment)
          .catch(() => outgoing.destroy())
          .finally(() => answer.destroy());
      },
    );
    call.on('error', () => outgoing.destroy());
    incoming.pipe(call);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FileProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ranges,
    next,
    otherwise: {},
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
