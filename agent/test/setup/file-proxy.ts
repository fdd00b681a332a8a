import { EventEmitter, once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to an answer on its way; what is left out, does not. */
export interface Treatment {
  /** Breaks the line after so many bytes, when the receiver has told that they are `kept`. */
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
  /** Told by the receiver: so many bytes of the file are there. */
  kept(bytes: number): void;
  stop(): Promise<void>;
}

const PIECE = 64 * 1024;

/** Waits until something happens, or nobody reads any more. */
async function happens(event: string, at: EventEmitter, to: ServerResponse): Promise<void> {
  const stop = new AbortController();
  const quiet = { signal: stop.signal };
  const either = [once(at, event, quiet), once(to, 'close', quiet)];
  await Promise.race(either).catch(() => undefined);
  stop.abort();
  await Promise.allSettled(either);
}

/** What the receiver of one answer keeps of the file. */
class Keeping extends EventEmitter {
  #bytes = -1;

  tell(bytes: number): void {
    this.#bytes = bytes;
    this.emit('told');
  }

  /** Waits until so many bytes are kept: a break makes a receiver drop what it had not come to. */
  async reaches(bytes: number, to: ServerResponse): Promise<void> {
    while (this.#bytes !== bytes && !to.destroyed) await happens('told', this, to);
  }
}

/** The place in the file at which an answer begins. */
const beginOf = ({ headers }: IncomingMessage): number =>
  Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? 0);

async function pass(
  from: IncomingMessage,
  to: ServerResponse,
  treatment: Treatment,
  keeping: Keeping,
): Promise<void> {
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
      if (!to.write(piece)) await happens('drain', to, to);
      if (sent === stallAfter) return;
      if (sent === cutAfter) {
        await keeping.reaches(beginOf(from) + sent, to);
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
  let keeping = new Keeping();
  const server = createServer((incoming, outgoing) => {
    const treatment = next.shift() ?? proxy.otherwise;
    const { host: _host, ...headers } = incoming.headers;
    ranges.push(headers.range ?? null);
    // What was told of an earlier answer says nothing about this one.
    const own = (keeping = new Keeping());
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
        pass(answer, outgoing, treatment, own)
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
    kept: (bytes) => keeping.tell(bytes),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
