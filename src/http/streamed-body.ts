import type { IncomingMessage } from 'node:http';
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
 * Marks a handler that takes `application/octet-stream` as a stream, `request.body`. The size is the handler's to
 * bound: the body limit counts no streams.
 */
export const StreamedBody = (): MethodDecorator => RouteConfig({ streamedBody: true });

/**
 * Passes raw bytes on unread, to the routes that asked for them. Parsers are global: elsewhere a stream would reach a
 * handler in place of its fields.
 * @throws ApiError 415
 */
export function parseStreamedBody(
  request: FastifyRequest,
  payload: IncomingMessage,
): IncomingMessage | undefined {
  if (request.is404) return undefined;
  if (request.routeOptions.config.streamedBody !== true)
    throw invalidRequest('Unsupported content type', 415);
  refuseEncodedBody(request.headers);
  return payload;
}
