import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

/** One request as the receiver got it. */
export interface Received {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: string;
  readonly body: { readonly type: string; readonly timestamp: string; readonly data: any };
}

export type Behaviour = (received: Received, response: ServerResponse) => void;

export const answer =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(status, headers).end();
  };

/** Takes the request and says nothing. */
export const silence: Behaviour = () => undefined;

/** A server that is told of events, as a customer's billing would be. It remembers everything that it got. */
export class Receiver {
  readonly received: Received[] = [];
  behaviour: Behaviour = answer(204);
  private readonly waiting = new Set<() => void>();

  private constructor(private readonly server: ReturnType<typeof createServer>) {
    server.on('request', (request, response) => void this.take(request, response));
  }

  static async start(port = 0): Promise<Receiver> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Receiver(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  ofType(type: string): Received[] {
    return this.received.filter(({ body }) => body.type === type);
  }

  /** Once it has that many of those, answers them; fails by the test's own timeout. */
  async until(count: number, select: (received: Received) => boolean = () => true): Promise<Received[]> {
    for (;;) {
      const found = this.received.filter(select);
      if (found.length >= count) return found;
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** Once it has heard of that many events, however often of each; answers their ids. */
  async untilEvents(count: number): Promise<string[]> {
    for (let least = count; ; least += 1) {
      const ids = new Set((await this.until(least)).map(({ id }) => id));
      if (ids.size >= count) return [...ids].toSorted();
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await text(request);
    const headers = request.headers as Record<string, string>;
    const received = { id: headers['webhook-id'] ?? '', headers, raw, body: JSON.parse(raw) };
    this.received.push(received);
    this.behaviour(received, response);
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}

/** Verifies as a receiver does; throws when the signature is not of that secret, or its time is not now. */
export const verify = (secret: string, { raw, headers }: Pick<Received, 'raw' | 'headers'>): unknown =>
  new Webhook(secret).verify(raw, { ...headers });
