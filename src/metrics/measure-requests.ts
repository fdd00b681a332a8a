import type { FastifyInstance } from 'fastify';
import { planeOf } from '../http/planes.js';
import { observeRequest } from './metrics.js';

/** Measures every answer that Fastify gives, refusals before routing included. */
export function measureRequests(fastify: FastifyInstance): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    observeRequest({
      plane: planeOf(request.originalUrl),
      method: request.method,
      route: request.is404 ? undefined : request.routeOptions.url,
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    });
    done();
  });
}
