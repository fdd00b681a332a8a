import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.js';
import type { Status } from '../status.js';
import { licenseBody } from './license-body.js';
import { COMMON_HEADERS, Refusal, retryAfter } from './refusal.js';

const MOST_LISTENERS = 32;
const HEARTBEAT_MS = 15_000;
/** A listener that does not read is let go, or its events would fill the memory. */
const MOST_UNREAD_BYTES = 256 * 1024;

export const EVENT_HEADERS = {
  ...COMMON_HEADERS,
  'content-type': 'text/event-stream; charset=utf-8',
} as const;

/** The license as server-sent events: how it is at first, and then each change of state. */
export class EventStream {
  readonly #listeners = new Set<ServerResponse>();
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async open(response: ServerResponse, read: () => Promise<Status>): Promise<void> {
    if (this.#listeners.size >= MOST_LISTENERS) {
      throw new Refusal(429, 'RATE_LIMITED', 'Too many event listeners', retryAfter(null));
    }
    this.#listeners.add(response);
    response.once('close', () => this.#listeners.delete(response));
    try {
      let count: number;
      let first: Status;
      // Read again when a change was announced meanwhile: what was read may be older than that.
      do {
        count = this.#count;
        first = await read();
      } while (count !== this.#count);
      response.writeHead(200, EVENT_HEADERS);
      this.#write(response, event(count, first));
    } catch (error) {
      this.#listeners.delete(response);
      throw error;
    }
    if (this.#closing.signal.aborted) response.end();
  }

  announce(status: Status): void {
    this.#count += 1;
    this.#writeAll(event(this.#count, status));
  }

  /** Until `close`: proxies and listeners tell by it that the connection lives. */
  async beat(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#clock.sleep(HEARTBEAT_MS, signal);
      if (!signal.aborted) this.#writeAll(': still here\n\n');
    }
  }

  close(): void {
    this.#closing.abort();
    for (const response of this.#listeners) if (response.headersSent) response.end();
  }

  #writeAll(text: string): void {
    for (const response of this.#listeners) if (response.headersSent) this.#write(response, text);
  }

  #write(response: ServerResponse, text: string): void {
    response.write(text);
    if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
  }
}

const event = (id: number, status: Status): string =>
  `event: license\nid: ${id}\ndata: ${JSON.stringify(licenseBody(status))}\n\n`;
