import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

export interface Received {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly answered: number;
}

const headersIn = ({ headers }: IncomingMessage) => ({
  'webhook-id': String(headers['webhook-id']),
  'webhook-timestamp': String(headers['webhook-timestamp']),
  'webhook-signature': String(headers['webhook-signature']),
});

/**
 * A receiver as a customer would write it, on the library of the standard: it takes nothing that is not signed. The first
 * `failures` of what it is sent find it out of order.
 */
export class Receiver {
  /** Set once the secret is known. */
  secret = '';
  readonly received: Received[] = [];
  private readonly server = createServer((request, response) => {
    void this.answer(request).then((status) => response.writeHead(status).end());
  });
  private failures: number;
  private notify: () => void = () => undefined;

  constructor({ failures }: { readonly failures: number }) {
    this.failures = failures;
  }

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/events`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Resolves once that event was accepted; false when it was not within `patienceMs`. */
  async accepted(type: string, patienceMs: number): Promise<boolean> {
    const until = AbortSignal.timeout(patienceMs);
    for (;;) {
      if (this.received.some((each) => each.type === type && each.answered === 200)) return true;
      if (until.aborted) return false;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.notify = resolve;
      until.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
  }

  private async answer(request: IncomingMessage): Promise<number> {
    const status = await this.judge(request);
    this.notify();
    return status;
  }

  private async judge(request: IncomingMessage): Promise<number> {
    const payload = await text(request);
    const headers = headersIn(request);
    try {
      const event = new Webhook(this.secret).verify(payload, headers) as {
        readonly type: string;
        readonly data: { readonly id: string };
      };
      const answered = this.failures > 0 ? 500 : 200;
      this.failures -= 1;
      this.received.push({ id: headers['webhook-id'], type: event.type, subject: event.data.id, answered });
      return answered;
    } catch {
      return 401;
    }
  }
}
