import type { FastifyInstance } from 'fastify';
import { apiSegmentOf } from './planes.js';
import { hasSecretPath } from './secret-paths.js';

/** Answers below these segments hold leases, keys and tokens. A route that is public says so itself. */
const PRIVATE_SEGMENTS: ReadonlySet<string | null> = new Set(['license', 'admin', 'auth', 'portal']);

/** What a target alone demands of every answer to it, whatever becomes of the request. */
export function privacyHeaders(target: string): Record<string, string> {
  return {
    ...(PRIVATE_SEGMENTS.has(apiSegmentOf(target)) && { 'cache-control': 'no-store' }),
    ...(hasSecretPath(target) && { 'referrer-policy': 'no-referrer' }),
  };
}

/** In a hook, so that refusals and unknown routes have them too. */
export function registerPrivacy(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(privacyHeaders(request.originalUrl));
    done();
  });
}
