import type { IncomingMessage } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { invalidRequest } from './errors.js';
import { refuseEncodedBody } from './json-parser.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    streamedBody?: boolean;
  }
}

/**
 * Marks a handler that takes `application/octet-stream` as a stream, `streamOf(request)`. The size is the handler's to
 * bound: the body limit counts no streams.
 */
export const StreamedBody = (): MethodDecorator => RouteConfig({ streamedBody: true });

/**
 * Passes raw bytes on as they come, to the routes that asked for them. Parsers are global: elsewhere a stream would
 * reach a handler in place of its fields.
 * @throws ApiError 415
 */
export function parseStreamedBody(request: FastifyRequest, payload: IncomingMessage): Readable {
  if (request.routeOptions.config.streamedBody !== true)
    throw invalidRequest('Unsupported content type', 415);
  refuseEncodedBody(request.headers);
  // A handler that gives up destroys its stream; were that the request, the connection would go with it, and the
  // refusal would never be read.
  const body = new PassThrough();
  payload.on('error', (error) => body.destroy(error));
  return payload.pipe(body);
}

/**
 * The bytes on their way in, for a handler marked with `StreamedBody`.
 * @throws ApiError 415 when something other than `application/octet-stream` was sent
 */
export function streamOf(request: FastifyRequest): Readable {
  if (!(request.body instanceof Readable)) throw invalidRequest('Unsupported content type', 415);
  return request.body;
}
