import type { IncomingMessage } from 'node:http';
import { finished, PassThrough, Readable } from 'node:stream';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { invalidRequest } from './errors.js';
import { refuseEncodedBody } from './json-parser.js';

/** The content types that may come in as streams. */
export const STREAMED_TYPES = ['application/octet-stream', 'text/csv', 'application/x-ndjson'] as const;
export type StreamedType = (typeof STREAMED_TYPES)[number];

declare module 'fastify' {
  interface FastifyContextConfig {
    streamedBody?: readonly StreamedType[];
  }
}

/**
 * Marks a handler that takes these types as a stream, `streamOf(request)`; `application/octet-stream` unless told. The
 * size is the handler's to bound: the body limit counts no streams.
 */
export const StreamedBody = (
  ...types: readonly [StreamedType, ...StreamedType[]] | readonly []
): MethodDecorator =>
  RouteConfig({ streamedBody: types.length === 0 ? ['application/octet-stream'] : types });

/**
 * Passes raw bytes on as they come, to the routes that asked for them. Parsers are global: elsewhere a stream would
 * reach a handler in place of its fields.
 * @throws ApiError 415
 */
export function parseStreamedBody(
  type: StreamedType,
  request: FastifyRequest,
  payload: IncomingMessage,
): Readable {
  if (request.routeOptions.config.streamedBody?.includes(type) !== true)
    throw invalidRequest('Unsupported content type', 415);
  refuseEncodedBody(request.headers);
  // A handler that gives up destroys its stream; were that the request, the connection would go with it, and the
  // refusal would never be read.
  const body = new PassThrough();
  // Who was refused, or not yet looked at, may leave while nobody reads: without this the whole service would end by it.
  body.on('error', () => undefined);
  // Not by the event: it is over already when the sender has left before now, while the credential was looked up.
  finished(payload, { writable: false }, (error) => {
    if (error) body.destroy(error);
  });
  // What a handler leaves unread is thrown away: most clients read no answer before they have written everything.
  body.on('close', () => payload.unpipe(body).resume());
  return payload.pipe(body);
}

/**
 * The bytes on their way in, for a handler marked with `StreamedBody`.
 * @throws ApiError 415 when something other than a stream was sent
 */
export function streamOf(request: FastifyRequest): Readable {
  if (!(request.body instanceof Readable)) throw invalidRequest('Unsupported content type', 415);
  return request.body;
}

/**
 * For work that goes on after the body has come in: its connection is not cut for being silent meanwhile. Answers
 * whether the client is still there to be answered.
 */
export function awaitLong(request: FastifyRequest): () => boolean {
  const { socket } = request.raw;
  streamOf(request).on('end', () => socket.setTimeout(0));
  return () => !socket.destroyed;
}

/** Cuts the sender off, as if it had left, unless all of the body has come in. */
export function breakOff({ raw }: FastifyRequest): void {
  if (!raw.complete) raw.socket.destroy();
}

/** What the network says when the sender has left. */
const CUT_OFF: ReadonlySet<unknown> = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Whether a stream failed because its sender has left. */
export const isCutOff = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && CUT_OFF.has(error.code);
