import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { requestFile } from '../../src/updates/file-request.js';

const STALL_MS = 60_000;

let server: Server;
beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // The lines are real, and only the time without a byte is played.
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'] });
});
afterEach(async () => {
  jest.useRealTimers();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** A file that is asked for, and the end from which its bytes are sent; nothing is read before the first `next`. */
async function fetching(signal?: AbortSignal) {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  const asked = once(server, 'request') as Promise<[unknown, ServerResponse]>;
  const replied = requestFile(url, { from: 0, etag: '"x"', stallMs: STALL_MS, insecureHttp: true, signal });
  const [, sender] = await asked;
  sender.flushHeaders();
  const bytes = (await replied).bytes()[Symbol.asyncIterator]();
  return { sender, next: async () => String((await bytes.next()).value) };
}

describe('a line that brings a file', () => {
  it('is read for as long as it takes while bytes come', async () => {
    const { sender, next } = await fetching();
    for (const piece of ['a', 'b', 'c', 'd']) {
      const read = next();
      jest.advanceTimersByTime(STALL_MS - 1);
      sender.write(piece);
      expect(await read).toBe(piece);
    }
  });

  it('counts as broken when no byte comes for long, the first or any other', async () => {
    const silent = await fetching();
    const first = silent.next();
    jest.advanceTimersByTime(STALL_MS);
    await expect(first).rejects.toThrow('nothing came for 60 seconds');
    const { sender, next } = await fetching();
    sender.write('a');
    await next();
    const second = next();
    jest.advanceTimersByTime(STALL_MS);
    await expect(second).rejects.toThrow('nothing came for 60 seconds');
  });

  it('is not blamed for the time that its bytes take to be kept', async () => {
    const { sender, next } = await fetching();
    sender.write('a');
    expect(await next()).toBe('a');
    jest.advanceTimersByTime(10 * STALL_MS);
    sender.write('b');
    expect(await next()).toBe('b');
  });

  it('is closed by a cancellation also while they are kept', async () => {
    const stop = new AbortController();
    const { sender, next } = await fetching(stop.signal);
    sender.write('a');
    await next();
    stop.abort();
    await expect(next()).rejects.toThrow('it was cancelled');
  });
});
