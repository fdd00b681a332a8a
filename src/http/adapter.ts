import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { hangUpWhenClosing } from './draining.js';
import { parseJsonBody } from './json-parser.js';
import { registerPrivacy } from './privacy.js';
import { newRequestId } from './request-ids.js';
import { answerClientError, answerForNode, answerFrameworkError } from './raw-answers.js';
import { parseStreamedBody, STREAMED_TYPES } from './streamed-body.js';

export interface AdapterOptions {
  /** Which proxies may name the client's address; false for none, so that nobody can forge one. */
  readonly trustProxy: NonNullable<FastifyServerOptions['trustProxy']>;
  /** PEM texts; without them the service speaks plain HTTP. */
  readonly https?: { readonly key: string | Buffer; readonly cert: string | Buffer };
}

/** The largest JSON body, in bytes. */
export const BODY_LIMIT = 1024 * 1024;

/** A connection without a byte for so long is cut: a stalled transfer would hold its socket for ever. */
const CONNECTION_TIMEOUT_MS = 60_000;

/** For a whole request, body included: long enough for an artifact over a slow line. */
const REQUEST_TIMEOUT_MS = 3_600_000;

/** The same as Node allows for all headers, so that it never refuses: 414 is no answer to a bad token. */
const MAX_PARAM_LENGTH = 16_384;

const isDecodable = (part: string): boolean => {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
};

/**
 * The router refuses a path it cannot decode before any hook, limiter or filter sees it. With the percent signs of such
 * a part escaped the path takes the way of every other. The parts beside it stay as they are: they tell the plane.
 */
export function rewriteUndecodable({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  if (!url.includes('%')) return url;
  const [path = '', ...query] = url.split(/(?=[?#])/);
  const parts = path.split('/').map((part) => (isDecodable(part) ? part : part.replaceAll('%', '%25')));
  return parts.join('/') + query.join('');
}

class ServiceAdapter extends FastifyAdapter {
  /** Nest's own parsers are lenient, and read forms as well: see `registerParsers`. */
  override registerParserMiddleware(): void {}
}

function registerParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.decorateRequest('rawBody', undefined);
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    done(null, parseJsonBody(request, body));
  });
  for (const type of STREAMED_TYPES) {
    fastify.addContentTypeParser(type, (request, payload, done) => {
      done(null, parseStreamedBody(type, request, payload));
    });
  }
}

/**
 * The HTTP server: Fastify with every answer it would give by itself replaced by one in an envelope. The rest of the
 * contract is in `HttpModule`.
 */
export function createAdapter({ trustProxy, https }: AdapterOptions): FastifyAdapter {
  // Without a Host header Node would answer 400 with an empty body.
  const server = { requireHostHeader: false };
  const adapter = new ServiceAdapter({
    ...(https === undefined ? { http: server } : { https: { ...server, ...https } }),
    trustProxy,
    bodyLimit: BODY_LIMIT,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Ids from outside would let a caller write into the log.
    requestIdHeader: false,
    genReqId: newRequestId,
    // Fastify's own 503 has a shape of its own; what comes in during the drain is served.
    return503OnClosing: false,
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: MAX_PARAM_LENGTH,
    },
    rewriteUrl: rewriteUndecodable,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: (cause, socket) => answerClientError(fastify, cause, socket),
  });
  const fastify: FastifyInstance = adapter.getInstance();
  registerParsers(fastify);
  registerPrivacy(fastify);
  hangUpWhenClosing(fastify);
  answerForNode(fastify);
  return adapter;
}
