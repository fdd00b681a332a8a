import { isDeepStrictEqual, styleText } from 'node:util';
import { shorten, show } from './show.ts';

/** An answer that is not as expected; it has been printed when it is thrown. */
export class Surprise extends Error {}

const INDENT = 6;
const pad = ' '.repeat(INDENT - 2);

type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'red';

/** Colours only where somebody looks: `styleText` asks the stream and NO_COLOR. */
const print = (style: Style, mark: string, text: string) =>
  process.stdout.write(`${pad}${styleText(style, mark)} ${text}\n`);

/** What the demo prints, and the one place where something is found right or wrong. */
export class Report {
  private steps = 0;
  private checks = 0;
  private requests = 0;
  private readonly startedAt = performance.now();

  title(text: string): void {
    process.stdout.write(`${styleText('bold', text)}\n`);
  }

  step(text: string): void {
    this.steps += 1;
    process.stdout.write(`\n${styleText('bold', `${String(this.steps).padStart(2)}. ${text}`)}\n`);
  }

  /** `body` is an object, or the description of a body that is not JSON. */
  request(
    method: string,
    path: string,
    { body, apiKey, headers = {} }: { body?: unknown; apiKey?: string; headers?: object } = {},
  ): void {
    this.requests += 1;
    const extra = Object.entries(headers).map(([name, value]) => `[${name}: ${value}]`);
    const start = shorten(
      [method, path, ...(apiKey === undefined ? [] : [`[${apiKey}]`]), ...extra].join(' '),
    );
    const shown =
      typeof body === 'string' ? body : show(body, { indent: INDENT, column: INDENT + start.length + 1 });
    print('cyan', '→', body === undefined ? start : `${start} ${shown}`);
  }

  answer(status: number, body: unknown): void {
    print(
      'cyan',
      '←',
      `${status} ${typeof body === 'string' ? shorten(body) : show(body, { indent: INDENT })}`,
    );
  }

  note(text: string): void {
    print('dim', '·', shorten(text));
  }

  /** A tick, or the end of the demo. */
  check(claim: string, got: unknown, expected: unknown = true): void {
    if (!isDeepStrictEqual(got, expected)) this.fail(claim, got, expected);
    this.checks += 1;
    print('green', '✓', claim);
  }

  fail(claim: string, got: unknown, expected: unknown): never {
    print('red', '✗', claim);
    process.stdout.write(`${pad}  expected ${show(expected, { indent: INDENT + 2 })}\n`);
    process.stdout.write(`${pad}  but got  ${show(got, { indent: INDENT + 2 })}\n`);
    throw new Surprise(claim);
  }

  summary(): string {
    const seconds = ((performance.now() - this.startedAt) / 1_000).toFixed(1);
    return `${this.steps} steps, ${this.requests} requests, ${this.checks} checks in ${seconds} s`;
  }
}
