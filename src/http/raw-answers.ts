import { ServerResponse, STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ENVELOPES } from './envelopes.js';
import { headersOf } from './error-filter.js';
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

const REQUEST_LINE = /^[A-Za-z-]+ (\S+) HTTP\//;

/** The target of the first request line in a packet, or one that belongs to the panel plane. */
function targetIn(packet: unknown): string {
  return (Buffer.isBuffer(packet) && REQUEST_LINE.exec(packet.toString('latin1'))?.[1]) || '/';
}

function wholeAnswer(failure: Failure, target: string): { body: string; headers: Record<string, string> } {
  const body = JSON.stringify(ENVELOPES[planeOf(target)](failure));
  const length = { 'content-length': String(Buffer.byteLength(body)) };
  const headers = { ...privacyHeaders(target), ...headersOf(failure), ...length, connection: 'close' };
  return { body, headers };
}

/** Writes a whole HTTP answer to a socket that has no response object, and closes it. */
function answerSocket(socket: Socket, failure: Failure, target: string): void {
  const { body, headers } = wholeAnswer(failure, target);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
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
export function clientErrorHandler(error: ParserError, socket: Socket): void {
  // The answer under way: a second one in the middle of it would corrupt it. Node keeps it under this name only.
  const underWay: unknown = Reflect.get(socket, '_httpMessage');
  const isAnswering = underWay instanceof ServerResponse && underWay.headersSent;
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) {
    socket.destroy();
    return;
  }
  const status = STATUS_OF_PARSER_ERROR.get(error.code ?? '') ?? 400;
  answerSocket(socket, failureOfStatus(status, error), targetIn(error.rawPacket));
}

/** For Node's `connect`: a method no route has, on a connection that would otherwise be cut without a word. */
export function answerConnect(request: IncomingMessage, socket: Socket): void {
  answerSocket(socket, failureOfStatus(404, null), request.url ?? '/');
}

/** For Node's `checkExpectation`: the only expectation there is is 100-continue, which Node meets by itself. */
export function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const failure = failureOfStatus(417, null);
  const { body, headers } = wholeAnswer(failure, request.url ?? '/');
  response.writeHead(failure.status, headers).end(body);
}

/** For Fastify's `frameworkErrors`: the router refuses a target before any hook or filter runs. */
export function answerFrameworkError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const target = request.raw.url ?? '/';
  const plane = planeOf(target);
  const failure = toFailure(error, plane);
  const headers = { ...privacyHeaders(target), ...headersOf(failure) };
  void reply.code(failure.status).headers(headers).send(ENVELOPES[plane](failure));
}
