import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { Chunks } from '../../src/downloads/chunks.js';
import { FileBody } from '../../src/downloads/file-body.js';

const MIB = 1024 * 1024;

/** Some chunks, and a part of one. */
const BYTES = randomBytes(4_500_000);

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-body-'));
  path = join(folder, 'file');
  await writeFile(path, BYTES);
});
afterEach(() => rm(folder, { recursive: true }));

/** Tells how many bytes of memory are in use. */
class CountedChunks extends Chunks {
  inUse = 0;
  most = 0;

  override take(): Buffer {
    const chunk = super.take();
    this.inUse += chunk.length;
    this.most = Math.max(this.most, this.inUse);
    return chunk;
  }

  override giveBack(chunk: Buffer): void {
    this.inUse -= chunk.length;
    super.giveBack(chunk);
  }

  override forget(chunk: Buffer): void {
    this.inUse -= chunk.length;
    super.forget(chunk);
  }
}

/** A client that takes a write only when it is told to, and sees what is in the buffer by then. */
class Client extends Writable {
  readonly got: Buffer[] = [];
  private waiting: ((error?: Error) => void)[] = [];

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.waiting.push((error) => {
      if (error === undefined) this.got.push(Buffer.from(bytes));
      done(error);
    });
  }

  async isWaitedFor(): Promise<void> {
    while (this.waiting.length === 0) await turn();
  }

  takeOne(): void {
    this.waiting.shift()?.();
  }

  breakOff(error: Error): void {
    this.waiting.shift()?.(error);
  }

  async takeAll(): Promise<Buffer> {
    while (!this.writableFinished) {
      this.takeOne();
      await turn();
    }
    return Buffer.concat(this.got);
  }
}

/** A file that closes when its reader lets go of it, and tells how. */
async function openedFile() {
  const handle = await open(path);
  const released: boolean[] = [];
  const release = (failed: boolean) => {
    released.push(failed);
    void handle.close();
  };
  return { handle, release, released };
}

const bodyOf = async (chunks: Chunks, part = { start: 0, end: BYTES.length }) =>
  new FileBody(await openedFile(), part, chunks);

describe('the body of a file', () => {
  it.each([
    ['all of it', 0, BYTES.length],
    ['a part across chunks', 700_000, 3_000_001],
    ['one byte', 1_048_576, 1_048_577],
    ['its end', BYTES.length - 5, BYTES.length],
  ])('is these bytes: %s', async (_, start, end) => {
    const body = await bodyOf(new Chunks(), { start, end });
    const bytes = await body.pipe(new Client()).takeAll();
    expect(bytes.equals(BYTES.subarray(start, end))).toBe(true);
  });

  it('uses no buffer again before a slow client has taken what is in it', async () => {
    const chunks = new CountedChunks();
    const client = new Client();
    (await bodyOf(chunks)).pipe(client);
    expect((await client.takeAll()).equals(BYTES)).toBe(true);
    expect([chunks.most, chunks.inUse]).toEqual([2 * MIB, 0]);
  });

  it('lets go of its file at its end', async () => {
    const file = await openedFile();
    const body = new FileBody(file, { start: 0, end: 5 }, new Chunks());
    await body.pipe(new Client()).takeAll();
    while (!body.closed) await turn();
    expect(file.released).toEqual([false]);
  });

  it('gives up its file and its buffers when a client leaves that took nothing', async () => {
    const chunks = new CountedChunks();
    const file = await openedFile();
    const client = new Client();
    const body = new FileBody(file, { start: 0, end: BYTES.length }, chunks);
    body.pipe(client);
    await client.isWaitedFor();
    body.destroy();
    await once(body, 'close');
    expect([file.released, chunks.inUse]).toEqual([[false], 0]);
    // Its write may still be under way: what others download meanwhile must not come into it.
    const others = await bodyOf(chunks, { start: MIB, end: BYTES.length });
    await others.pipe(new Client()).takeAll();
    // What it takes late gives nothing back a second time.
    client.takeOne();
    await turn();
    expect(client.got[0]?.equals(BYTES.subarray(0, MIB))).toBe(true);
    expect(chunks.inUse).toBe(0);
  });

  it('gives up its file when the connection goes, and nobody tells of the answer on it', async () => {
    const socket = new Socket();
    const response = new ServerResponse(new IncomingMessage(socket));
    const files = await Promise.all([openedFile(), openedFile()]);
    // Behind another answer: it has no connection of its own yet.
    const bodies = files.map((file) => new FileBody(file, { start: 0, end: BYTES.length }, new Chunks()));
    for (const body of bodies) body.pipe(response);
    expect(socket.listenerCount('close')).toBe(1);
    const closed = Promise.all(bodies.map((body) => once(body, 'close')));
    socket.destroy();
    await closed;
    expect(files.map(({ released }) => released)).toEqual([[false], [false]]);
    // One that comes later is over before it begins.
    const late = await openedFile();
    const body = new FileBody(late, { start: 0, end: BYTES.length }, new Chunks());
    body.pipe(response);
    if (!body.closed) await once(body, 'close');
    expect(late.released).toEqual([false]);
  });

  it('blames no file for a client whose connection breaks', async () => {
    const file = await openedFile();
    const body = new FileBody(file, { start: 0, end: BYTES.length }, new Chunks());
    const client = new Client();
    client.on('error', () => undefined);
    const failed = once(body, 'close');
    body.pipe(client);
    await client.isWaitedFor();
    client.breakOff(new Error('write EPIPE'));
    await expect(failed).rejects.toThrow('write EPIPE');
    expect(file.released).toEqual([false]);
  });

  it('fails when the file has become shorter, rather than send fewer bytes as if they were all', async () => {
    const file = await openedFile();
    const body = new FileBody(file, { start: 0, end: BYTES.length }, new Chunks());
    await truncate(path, 1_200_000);
    const failed = once(body, 'close');
    const client = body.pipe(new Client());
    const taking = client.takeAll();
    await expect(failed).rejects.toThrow('has become shorter');
    expect([client.writableEnded, file.released]).toEqual([false, [true]]);
    client.end();
    await taking;
  });

  it('costs little memory for many clients that take nothing, and gives all of it back', async () => {
    const chunks = new CountedChunks();
    const clients = Array.from({ length: 100 }, () => new Client());
    const bodies = await Promise.all(clients.map(() => bodyOf(chunks)));
    for (const [index, body] of bodies.entries()) body.pipe(clients[index] as Client);
    await Promise.all(clients.map((client) => client.isWaitedFor()));
    // A large one for the first sixteen, and a small one for each of the others; some had begun to read on by then.
    expect(chunks.inUse).toBeGreaterThanOrEqual(16 * MIB + (84 * MIB) / 8);
    expect(chunks.inUse).toBeLessThanOrEqual(16 * MIB + (100 * MIB) / 8);
    for (const body of bodies) body.destroy();
    await Promise.all(bodies.map((body) => once(body, 'close')));
    expect(chunks.inUse).toBe(0);
    // As if nobody had been there: the next one has two large ones again.
    expect((await (await bodyOf(chunks)).pipe(new Client()).takeAll()).equals(BYTES)).toBe(true);
    expect(chunks.take()).toHaveLength(MIB);
  });
});
