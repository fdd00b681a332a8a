import { EXAMPLE_HARDWARE, EXAMPLE_OTHER_HARDWARE } from '../../src/http/examples.js';
import { callsIn, Contract, type DocumentedCall } from './api-contract.js';
import type { Answer, TestApp } from './app.js';

export interface Sending {
  /** Instead of the documented parameters of the path. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  /** The content type of the body; the first that is documented unless given. */
  readonly type?: string;
  /** Without the credential that the call wants. */
  readonly anonymous?: boolean;
}

/** Values that an example can stand for: made by the service, so that the example can't be the real one. */
const isMade = (example: unknown, real: unknown): real is string =>
  typeof example === 'string' && typeof real === 'string' && example !== real && example.length >= 11;

/** Sends the document's examples to a service, each value that the service has made in place of its example. */
export class Replay {
  readonly contract: Contract;
  readonly calls: readonly DocumentedCall[];
  /** Hardware is what the caller says it is. */
  private readonly real = new Map<string, string>(
    [EXAMPLE_HARDWARE, EXAMPLE_OTHER_HARDWARE].map((each) => [each, each]),
  );

  private constructor(
    readonly app: TestApp,
    document: any,
  ) {
    this.contract = new Contract(document);
    this.calls = callsIn(document);
  }

  static async of(app: TestApp): Promise<Replay> {
    return new Replay(app, (await app.request('GET', '/api/v1/openapi.json')).body);
  }

  call(name: string): DocumentedCall {
    const call = this.calls.find((each) => each.name === name);
    if (call === undefined) throw new Error(`The document knows no ${name}`);
    return call;
  }

  /** The real value behind each example in it. */
  meant(example: any): any {
    if (typeof example === 'string') return this.real.get(example) ?? example;
    if (Array.isArray(example)) return example.map((each) => this.meant(each));
    if (typeof example !== 'object' || example === null) return example;
    return Object.fromEntries(Object.entries(example).map(([key, each]) => [key, this.meant(each)]));
  }

  /** The example of a body, as the document has it. */
  bodyOf(name: string): any {
    return this.call(name).operation.requestBody.content['application/json'].example;
  }

  /** The example of a parameter of a path. */
  parameter(name: string, parameter: string): string {
    const found = this.call(name).operation.parameters.find((each: any) => each.name === parameter);
    return found.example;
  }

  /** What an example stands for from now on. */
  let(example: string, real: string): void {
    this.real.set(example, real);
  }

  /** Remembers what the examples of an answer stood for; a list may begin with something else. */
  learn(example: any, real: any): void {
    if (isMade(example, real)) {
      if (!this.real.has(example)) this.real.set(example, real);
    } else if (typeof example === 'object' && example !== null && !Array.isArray(example)) {
      for (const [key, each] of Object.entries(example)) this.learn(each, real?.[key]);
    }
  }

  async send(call: DocumentedCall, sending: Sending = {}): Promise<Answer> {
    const { operation, method } = call;
    const parameters = (operation.parameters ?? []).map((each: any) => this.contract.resolve(each));
    const valueOf = ({ name, example }: any) => sending.parameters?.[name] ?? this.meant(example);
    const path = parameters
      .filter((each: any) => each.in === 'path')
      .reduce(
        (text: string, each: any) => text.replace(`{${each.name}}`, encodeURIComponent(valueOf(each))),
        call.path,
      );
    const query = new URLSearchParams(
      parameters
        .filter((each: any) => each.in === 'query' && each.example !== undefined)
        .map((each: any) => [each.name, String(valueOf(each))]),
    );
    const { content: contents = {} } = operation.requestBody ?? {};
    const type = sending.type ?? Object.keys(contents)[0];
    const media = type === undefined ? undefined : contents[type];
    const isText = type !== undefined && type !== 'application/json';
    const content =
      sending.raw !== undefined || isText
        ? { raw: sending.raw ?? media.example }
        : { body: 'body' in sending ? sending.body : media && this.meant(media.example) };
    return this.app.request(method, `${path}?${sending.query ?? query}`, {
      ...content,
      headers: {
        ...(isText && { 'content-type': type }),
        ...(sending.anonymous !== true && this.credential(call)),
        ...sending.headers,
      },
    });
  }

  private credential({ operation }: DocumentedCall): Record<string, string> {
    const schemes = operation.security.flatMap((each: object) => Object.keys(each));
    const isOptional = operation.security.some((each: object) => Object.keys(each).length === 0);
    if (schemes.length === 0 || isOptional) return {};
    if (schemes.includes('admin_key')) return { 'x-admin-key': this.app.adminKey };
    return { authorization: `Bearer ${this.session}` };
  }

  /** The session that calls without an API key are made with. */
  session = '';
}
