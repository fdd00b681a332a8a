import { LoggerModule } from 'nestjs-pino';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { shownPath } from './http/secret-paths.js';

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
          path: shownPath(request.url),
          address: request.remoteAddress,
        }),
        res: (response: { statusCode: number }) => ({ status: response.statusCode }),
      },
    },
  });
