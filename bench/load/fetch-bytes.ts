import { connect, type Socket } from 'node:net';
import { MEBIBYTE } from '../files.ts';
import type { Lap, Run } from './run.ts';

const HEAD_END = Buffer.from('\r\n\r\n');

/** What is under way on a connection. */
interface Fetching {
  startedAt: number;
  /** Bytes of the head so far; the body has begun when it is empty again. */
  head: Buffer;
  /** Bytes of the body that have not come yet; null while the head has not. */
  left: number | null;
}

/** The status and length of an answer. */
function readHead(head: string): { readonly status: number; readonly length: number } {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1]);
  if (Number.isNaN(length)) throw new Error(`an answer without a length: ${head.slice(0, 200)}`);
  return { status, length };
}

/**
 * Downloads over and over and throws the bytes away as they come: what parses and keeps a body, as autocannon does, is
 * slower than what is measured.
 */
export function fetchBytes(run: Run, requests: readonly Buffer[]): Promise<Lap> {
  const { hostname, port } = new URL(run.url);
  const { promise, resolve, reject } = Promise.withResolvers<Lap>();
  const latencies: number[] = [];
  const sockets: Socket[] = [];
  let [bytes, turn] = [0, 0];
  const startedAt = performance.now();
  const close = () => sockets.forEach((socket) => socket.destroy());
  const timer = setTimeout(() => {
    const seconds = (performance.now() - startedAt) / 1_000;
    close();
    resolve({ seconds, amount: bytes / MEBIBYTE, latencies: Uint32Array.from(latencies) });
  }, run.seconds * 1_000);
  const fail = (error: Error) => {
    clearTimeout(timer);
    close();
    reject(error);
  };

  const open = () => {
    const fetching: Fetching = { startedAt: 0, head: Buffer.alloc(0), left: null };
    const ask = () => {
      fetching.startedAt = performance.now();
      fetching.left = null;
      socket.write(requests[turn++ % requests.length] as Buffer);
    };
    const take = (chunk: Uint8Array) => {
      let body = chunk.length;
      if (fetching.left === null) {
        fetching.head = Buffer.concat([fetching.head, chunk]);
        const end = fetching.head.indexOf(HEAD_END);
        if (end === -1) return;
        const { status, length } = readHead(fetching.head.toString('latin1', 0, end));
        if (status !== run.expected) throw new Error(`an answer of ${status}`);
        body = fetching.head.length - end - HEAD_END.length;
        fetching.head = Buffer.alloc(0);
        fetching.left = length;
      }
      fetching.left -= body;
      bytes += body;
      if (fetching.left > 0) return;
      if (fetching.left < 0) throw new Error('more bytes than were announced');
      latencies.push((performance.now() - fetching.startedAt) * 1_000);
      ask();
    };
    const socket: Socket = connect({
      host: hostname,
      port: Number(port),
      onread: {
        // One buffer for all that comes: nothing of it is looked at again.
        buffer: Buffer.alloc(256 * 1024),
        callback: (length, buffer) => {
          try {
            take(buffer.subarray(0, length));
          } catch (error) {
            fail(error as Error);
          }
          return true;
        },
      },
    });
    sockets.push(socket);
    socket.on('connect', ask);
    socket.on('error', fail);
    socket.on('end', () => fail(new Error('the connection was closed in the middle')));
  };
  for (let count = 0; count < run.connections; count++) open();
  return promise;
}
