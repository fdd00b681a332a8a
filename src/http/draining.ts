import type { FastifyInstance } from 'fastify';

/**
 * Hangs up behind the last answer once the server closes. A client keeps its connection for the next request otherwise, and
 * the stop would wait for it until what is really under way is cut as well.
 */
export function hangUpWhenClosing(fastify: FastifyInstance): void {
  let isClosing = false;
  fastify.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    // After all that was written: a file is not cut.
    if (isClosing) request.raw.socket.destroySoon();
    done();
  });
}
