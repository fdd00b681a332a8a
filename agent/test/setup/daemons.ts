import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { TestApp } from '../../../test/setup/app.js';
import { send } from '../../../test/setup/wire.js';
import type { Settings } from '../../src/settings.js';
import { serve, type Daemon, type ServeOptions } from '../../src/serve/serve.js';
import { until } from './until.js';
import { TestListener } from './listeners.js';
import { install, type TestPanel } from './panels.js';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: any;
}

const running = new Set<Daemon>();

/** Stops what `startDaemon` started. For `afterAll`. */
export const stopDaemons = (): Promise<unknown> => Promise.all([...running].map((daemon) => daemon.stop()));

/** A panel's machine with the local daemon on it. */
export class TestDaemon {
  readonly lines: string[];

  constructor(
    readonly panel: TestPanel,
    readonly daemon: Daemon,
    readonly token: string,
    lines: string[],
  ) {
    this.lines = lines;
  }

  /** A call as a panel makes it; `path` is below /api/v1. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    return this.raw(method, `/api/v1${path}`, body === undefined ? undefined : JSON.stringify(body), headers);
  }

  async raw(
    method: string,
    path: string,
    body?: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const received = await send(this.daemon.url, {
      method,
      path,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body !== undefined && {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
        }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    return { ...received, body: received.body === '' ? null : JSON.parse(received.body) };
  }

  /** Listens to the license. */
  listen(): Promise<TestListener> {
    return TestListener.open(this.daemon.url, this.token);
  }
}

export async function startDaemon(
  app: TestApp,
  {
    settings = {},
    panel,
    ...options
  }: { settings?: Partial<Settings>; panel?: TestPanel } & ServeOptions = {},
): Promise<TestDaemon> {
  const on = panel ?? (await install(app, settings));
  const lines: string[] = [];
  const daemon = await serve(on.agent, {
    port: 0,
    random: () => 0,
    log: (line) => lines.push(line),
    ...options,
  });
  running.add(daemon);
  void daemon.stopped.finally(() => running.delete(daemon));
  return new TestDaemon(on, daemon, (await readFile(daemon.tokenFile, 'utf8')).trim(), lines);
}

/** Lets the clock run until it is so: whoever sleeps by it may not have lain down yet. */
export const asTimePasses = (
  { clock }: TestPanel,
  isSo: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> =>
  until(async () => {
    clock.advance({ seconds: 6 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    return isSo();
  }, what);

/** The envelope of every failure. */
export const failure = (status: number, code: string, error: unknown) => ({
  success: false,
  code,
  error,
  message: error,
  status,
});
