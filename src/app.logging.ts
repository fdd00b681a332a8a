import type { FastifyInstance } from 'fastify';
import { LoggerModule, PinoLogger } from 'nestjs-pino';
import { currentRequestId } from './http/request-ids.js';
import { shownPath } from './http/secret-paths.js';

const levelOf = (status: number) => {
  if (status >= 500) return 'error';
  return status >= 400 ? 'info' : 'debug';
};

/**
 * JSON lines on standard output. No header, body or query is ever logged: they hold keys, tokens and passwords. The
 * library's own line for each request is not used: it makes two loggers a request, also for the lines that nobody wants.
 */
export const loggerModule = (level: string) =>
  LoggerModule.forRoot({
    pinoHttp: {
      level,
      // The request id is Fastify's, which is also in every audit event.
      mixin: () => ({ reqId: currentRequestId() }),
      // What is given to a line is written as it is: the library's own serializers know nothing of secret paths.
      wrapSerializers: false,
      serializers: { req: (request: unknown) => request, res: (response: unknown) => response },
    },
    forRoutes: [],
  });

/** A line for every request that is answered, at the level that its status deserves. */
export function logRequests(fastify: FastifyInstance): void {
  const logger = PinoLogger.root;
  fastify.addHook('onResponse', (request, reply, done) => {
    const level = request.isShed ? 'debug' : levelOf(reply.statusCode);
    if (logger.isLevelEnabled(level)) {
      const { id, method, originalUrl, ip } = request;
      logger[level](
        {
          req: { id, method, path: shownPath(originalUrl), address: ip },
          res: { status: reply.statusCode },
          responseTime: Math.round(reply.elapsedTime),
        },
        level === 'error' ? 'request errored' : 'request completed',
      );
    }
    done();
  });
}
