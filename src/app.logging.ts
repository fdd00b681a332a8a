import { LoggerModule } from 'nestjs-pino';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The last segment of these paths is a credential, and so is nothing else in a path. */
const SECRET_PATHS = /(\/download\/file\/|\/sso\/consume\/)[^/?#]*/gi;

/** A path as it may be logged: without tokens and without a query, which may hold anything. */
export const loggablePath = (url: string): string =>
  (url.split(/[?#]/, 1)[0] ?? '').replace(SECRET_PATHS, '$1***');

const levelOf = (_request: IncomingMessage, response: ServerResponse, error?: Error) => {
  if (error !== undefined || response.statusCode >= 500) return 'error';
  return response.statusCode >= 400 ? 'info' : 'debug';
};

/** JSON lines on standard output. No header, body or query is ever logged: they hold keys, tokens and passwords. */
export const loggerModule = (level: string) =>
  LoggerModule.forRoot({
    pinoHttp: {
      level,
      customLogLevel: levelOf,
      // The request id is Fastify's, which is also in every audit event.
      genReqId: (request: IncomingMessage) => request.id ?? '',
      quietReqLogger: true,
      serializers: {
        req: (request: { id: unknown; method: string; url: string; remoteAddress: string }) => ({
          id: request.id,
          method: request.method,
          path: loggablePath(request.url),
          address: request.remoteAddress,
        }),
        res: (response: { statusCode: number }) => ({ status: response.statusCode }),
      },
    },
  });
