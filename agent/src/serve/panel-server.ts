import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { systemCode } from '../errors.js';
import { checkSender, checkToken } from './guard.js';
import {
  asRefusal,
  COMMON_HEADERS,
  envelope,
  invalid,
  notFound,
  parserRefusal,
  rawAnswer,
  unexpected,
  type Headers,
  type Refusal,
} from './refusal.js';
import type { Answer, Panel } from './route.js';
import { routeOf } from './routes.js';

const SECOND_MS = 1_000;

export interface PanelServerOptions {
  readonly host: string;
  readonly token: string;
  readonly log: (line: string) => void;
}

const ABSOLUTE = /^http:\/\/([^/?#]*)([/?]?.*)$/is;

/** Whom and what a request is for. One for a whole address, as for a proxy, goes by that and not by its `Host`. */
function readTarget({ url = '', headers }: IncomingMessage): { authority: string; target: string } {
  const [, authority, target = ''] = ABSOLUTE.exec(url) ?? [];
  if (authority === undefined) return { authority: headers.host ?? '', target: url };
  return { authority, target: target.startsWith('/') ? target : `/${target}` };
}

/** Answers a request by the table of routes, or throws why not. Who may not know the token learns nothing but that. */
async function route(
  panel: Panel,
  { host, token }: PanelServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer | null> {
  const { authority, target } = readTarget(request);
  checkSender(authority, request, host);
  const [path = '', query = ''] = target.split(/\?(.*)/s, 2);
  const handle = routeOf(request.method ?? '', path);
  if (handle === null) throw notFound();
  checkToken(request, token);
  const [parameter] = new URLSearchParams(query).keys();
  if (parameter !== undefined) throw invalid(`The ${parameter.replaceAll('_', ' ')} field is prohibited.`);
  return handle(panel, request, response);
}

function write(response: ServerResponse, status: number, body: object, headers: Headers = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    ...COMMON_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes.length,
    ...headers,
  });
  response.end(bytes);
}

/** An unread body would be taken for the next request, or keep the connection busy. */
function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const closing: Headers = request.complete ? {} : { connection: 'close' };
  write(response, refusal.status, envelope(refusal), { ...refusal.headers, ...closing });
}

async function answer(
  panel: Panel,
  options: PanelServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const given = await route(panel, options, request, response);
    if (given !== null) write(response, given.status, given.body);
  } catch (error) {
    // A panel that went away in the middle of its request is told nothing.
    if (systemCode(error) === 'ECONNRESET') return;
    const refusal = asRefusal(error);
    if (refusal === null) options.log(`${request.method} ${request.url}: ${describe(error)}`);
    refuse(request, response, refusal ?? unexpected());
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** For what is no request, or none that Node hands on. */
function answerRaw(socket: Duplex, refusal: Refusal): void {
  socket.on('error', () => socket.destroy());
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(rawAnswer(refusal));
  // Unread input would turn the close into a reset that overtakes the answer.
  socket.resume();
  setTimeout(() => socket.destroy(), SECOND_MS).unref();
}

/** The local panel API on plain HTTP, not listening yet. */
export function createPanelServer(panel: Panel, options: PanelServerOptions): Server {
  const server = createServer({
    headersTimeout: 10 * SECOND_MS,
    requestTimeout: 30 * SECOND_MS,
    keepAliveTimeout: 30 * SECOND_MS,
    // A missing `Host` is refused in the envelope like any other.
    requireHostHeader: false,
  });
  const answered = new WeakSet<Duplex>();
  server.on('request', (request, response) => void answer(panel, options, request, response));
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    refuse(request, response, invalid('Expectation failed', 417)),
  );
  server.on('connect', (_request, socket) => answerRaw(socket, notFound()));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Node reports every further packet of a broken request as well.
    if (answered.has(socket)) return;
    answered.add(socket);
    if (error.code === 'ECONNRESET' || isAnswering(socket)) socket.destroy();
    else answerRaw(socket, parserRefusal(error.code));
  });
  return server;
}

/** A second answer in the middle of one would corrupt it. Node keeps the one under way under this name only. */
function isAnswering(socket: Duplex): boolean {
  const underWay = Reflect.get(socket, '_httpMessage') as ServerResponse | null | undefined;
  return underWay?.headersSent ?? false;
}
