import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const BETWEEN_DROPS_MS = 150;

/** A line to a Redis that can be cut, stopped, slowed and mended: what a network does, without harm to the server. */
export class RedisLine {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;
  private answers: 'whole' | 'by drops' | 'never' = 'whole';

  constructor(private readonly target: URL) {}

  /** The address of the Redis through this line. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  async open(): Promise<void> {
    this.answers = 'whole';
    const server = createServer((near) => this.join(near));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.port = address.port;
    this.server = server;
  }

  /** Ends every connection; new ones are refused until `open`. */
  async cut(): Promise<void> {
    const { server } = this;
    const closed = new Promise((resolve) => server?.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Connections stay and are taken, but no answer comes through any more. */
  stop(): void {
    this.answers = 'never';
  }

  /** An answer takes so long that it is late, though the line is never silent for long. */
  slow(): void {
    this.answers = 'by drops';
  }

  private join(near: Socket): void {
    const far = connect(Number(this.target.port || 6379), this.target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    far.on('data', (answer) => {
      if (this.answers === 'whole') near.write(answer);
      if (this.answers === 'by drops') void drip(answer, near);
    });
  }
}

async function drip(answer: Buffer, near: Socket): Promise<void> {
  for (const byte of answer) {
    await sleep(BETWEEN_DROPS_MS);
    if (near.destroyed) return;
    near.write(Buffer.of(byte));
  }
}
