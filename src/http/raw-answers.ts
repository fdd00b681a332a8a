import { ServerResponse, STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ENVELOPES } from './envelopes.js';
import { headersOf } from './error-filter.js';
import { ApiError, invalidRequest } from './errors.js';
import { planeOf } from './planes.js';
import { privacyHeaders } from './privacy.js';
import { failureOfStatus, toFailure, type Failure } from './to-failure.js';

/** What Node's parser refuses, by its code; anything else is a 400. */
const STATUS_OF_PARSER_ERROR: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** How long a refused connection may take to read its answer. */
const CLOSE_AFTER_MS = 1_000;

/** Without what follows the target, which may be cut off where the packet ends. */
const REQUEST_LINE = /^[A-Za-z-]+ (\S+)/;

/** The target of the first request line in a packet, or one that belongs to the panel plane. */
function targetIn(packet: unknown): string {
  return (Buffer.isBuffer(packet) && REQUEST_LINE.exec(packet.toString('latin1'))?.[1]) || '/';
}

interface Refused {
  readonly failure: Failure;
  readonly headers: Readonly<Record<string, string>>;
}

/** Counts what was refused before it became a request; over the limit that is what the caller is told. */
async function countedRefusal(
  fastify: FastifyInstance,
  { target, address }: { target: string; address: string | undefined },
  failure: Failure,
): Promise<Refused> {
  const count = (address !== undefined && (await fastify.countByAddress?.(target, address))) || null;
  const told = count?.refusal ? toFailure(count.refusal, planeOf(target)) : failure;
  const limits = Object.entries(count?.headers ?? {}).map(([name, value]) => [name, String(value)]);
  return {
    failure: told,
    headers: { ...privacyHeaders(target), ...Object.fromEntries(limits), ...headersOf(told) },
  };
}

/** Sockets that are being answered: Node reports every further packet of a broken request as well. */
const answering = new WeakSet<Socket>();

/** Writes a whole HTTP answer to a socket that has no response object, and closes it. */
async function answerSocket(
  fastify: FastifyInstance,
  socket: Socket,
  { target, failure: meant }: { target: string; failure: Failure },
): Promise<void> {
  answering.add(socket);
  // Node listens no more to a socket that asked to CONNECT, and a reset that nobody hears ends the process.
  socket.on('error', () => socket.destroy());
  const { failure, headers } = await countedRefusal(
    fastify,
    { target, address: socket.remoteAddress },
    meant,
  );
  const body = JSON.stringify(ENVELOPES[planeOf(target)](failure));
  const all = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}\r\n${lines.join('')}\r\n${body}`);
  // Unread input would turn the close into a reset that overtakes the answer.
  socket.resume();
  setTimeout(() => socket.destroy(), CLOSE_AFTER_MS).unref();
}

interface ParserError extends Error {
  readonly code?: string;
  /** The bytes that the parser stumbled over: a Buffer, whatever Fastify's types say. */
  readonly rawPacket?: unknown;
}

/** For Node's `clientError`: bytes that are no HTTP still get an HTTP answer in an envelope. */
export function answerClientError(fastify: FastifyInstance, cause: ParserError, socket: Socket): void {
  if (answering.has(socket)) return;
  // The answer under way: a second one in the middle of it would corrupt it. Node keeps it under this name only.
  const underWay: unknown = Reflect.get(socket, '_httpMessage');
  const isAnswering = underWay instanceof ServerResponse && underWay.headersSent;
  if (cause.code === 'ECONNRESET' || !socket.writable || isAnswering) {
    socket.destroy();
    return;
  }
  const status = STATUS_OF_PARSER_ERROR.get(cause.code ?? '') ?? 400;
  const answer = { target: targetIn(cause.rawPacket), failure: failureOfStatus(status, cause) };
  answerSocket(fastify, socket, answer).catch(() => socket.destroy());
}

/** Requests with an `Expect` that is not 100-continue, which is the only one there is and which Node meets by itself. */
const unmet = new WeakSet<IncomingMessage>();

/**
 * Answers that Node would give by itself, given by the hooks and the filter instead: a bad `Expect`, and CONNECT, which
 * no route has and which would be cut without a word.
 */
export function answerForNode(fastify: FastifyInstance): void {
  fastify.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    unmet.add(request);
    // Whether the body follows is the client's secret.
    response.setHeader('connection', 'close');
    fastify.server.emit('request', request, response);
  });
  fastify.server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const answer = { target: request.url ?? '/', failure: failureOfStatus(404, null) };
    answerSocket(fastify, socket, answer).catch(() => socket.destroy());
  });
  // The last before the body is looked at, and after the limits.
  fastify.addHook('preParsing', async (request) => {
    // Fastify has an opinion of the body of some methods; an unknown route is unknown whatever was sent to it.
    if (request.is404) throw new ApiError('NOT_FOUND');
    if (unmet.has(request.raw)) throw invalidRequest('Expectation failed', 417);
  });
}

/** For Fastify's `frameworkErrors`: the router refuses a target before any hook or filter runs. */
export function answerFrameworkError(cause: Error, request: FastifyRequest, reply: FastifyReply): void {
  const target = request.raw.url ?? '/';
  const plane = planeOf(target);
  countedRefusal(request.server, { target, address: request.ip }, toFailure(cause, plane))
    .then(({ failure, headers }) =>
      reply.code(failure.status).headers(headers).send(ENVELOPES[plane](failure)),
    )
    .catch(() => reply.raw.destroy());
}
