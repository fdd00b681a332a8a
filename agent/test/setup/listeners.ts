import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';

export interface LicenseEvent {
  readonly event: string;
  readonly id: string;
  readonly data: any;
}

/** A connection to the license's events, read one by one. */
export class TestListener {
  /** All that has come, heartbeats included. */
  text = '';
  readonly ended: Promise<unknown>;
  readonly #arrivals = new EventTarget();
  #read = 0;

  private constructor(
    private readonly request: ClientRequest,
    private readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
      this.#arrivals.dispatchEvent(new Event('arrival'));
    });
    response.on('error', () => undefined);
    this.ended = new Promise((resolve) => response.on('close', resolve));
  }

  static async open(url: string, token: string): Promise<TestListener> {
    const headers = { authorization: `Bearer ${token}` };
    const request = httpRequest(`${url}/api/v1/license/events`, { headers, agent: false });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new TestListener(request, response);
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get headers(): IncomingMessage['headers'] {
    return this.response.headers;
  }

  async next(): Promise<LicenseEvent> {
    for (;;) {
      const end = this.text.indexOf('\n\n', this.#read);
      if (end < 0) {
        await once(this.#arrivals, 'arrival');
        continue;
      }
      const lines = this.text.slice(this.#read, end).split('\n');
      this.#read = end + 2;
      if (!lines[0]?.startsWith(':')) return parse(lines);
    }
  }

  close(): void {
    this.request.destroy();
  }
}

function parse(lines: readonly string[]): LicenseEvent {
  const field = (name: string) =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
  return { event: field('event'), id: field('id'), data: JSON.parse(field('data')) };
}
