import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ENVELOPES } from './envelopes.js';
import { Overloaded } from './errors.js';
import { loggable } from './log-safe.js';
import { planeOf } from './planes.js';
import { toFailure, type Failure } from './to-failure.js';

/** What a handler may have announced about a body that is not sent after all. */
const HEADERS_OF_THE_OTHER_BODY = [
  'content-length',
  'content-encoding',
  'content-disposition',
  'accept-ranges',
  'etag',
  'last-modified',
];

/** How long a body that was refused for its size may take to arrive before the answer goes out regardless. */
const LINGER_MS = 5_000;

/** The headers that every refusal has; those of the failure itself come on top. */
export function headersOf(failure: Failure): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...failure.headers,
  };
}

/**
 * The only exception filter: it sees what routes, guards, pipes, parsers and the router refuse or fail at, and puts it
 * into the envelope of the request's plane. Registered as APP_FILTER.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const request = host.switchToHttp().getRequest<FastifyRequest | IncomingMessage>();
    // A middleware that throws hands over Node's own response, everything else Fastify's reply.
    const response = host.switchToHttp().getResponse<FastifyReply | ServerResponse>();
    const plane = planeOf(String(httpAdapter.getRequestUrl(request)));
    const failure = toFailure(exception, plane);
    const incoming = 'raw' in request ? request.raw : request;
    // A client that leaves in the middle of its body is no fault of ours, whatever breaks because of it.
    const hasLeft = incoming.destroyed && !incoming.complete;
    // Told once by whoever refuses: a line for each would be one more load.
    const isTold = exception instanceof Overloaded;
    if (failure.status >= 500 && !hasLeft && !isTold) this.log(failure, request);

    if (httpAdapter.isHeadersSent(response)) {
      // Half an answer is out: ending it properly would make it look whole.
      const raw = 'raw' in response ? response.raw : response;
      if (!raw.writableEnded) raw.destroy();
      return;
    }
    for (const name of HEADERS_OF_THE_OTHER_BODY) response.removeHeader(name);
    for (const [name, value] of Object.entries(headersOf(failure))) {
      // A limiter that knows its window has already said when to come back.
      if (name === 'retry-after' && response.hasHeader(name)) continue;
      httpAdapter.setHeader(response, name, value);
    }
    const answer = (): void => httpAdapter.reply(response, ENVELOPES[plane](failure), failure.status);
    if (failure.status === 413) afterTheBody(incoming, answer);
    else answer();
    // Bytes of an upload that nobody reads would hold the connection: it could not even carry the next request.
    if ('body' in request && request.body instanceof Readable) request.body.resume();
  }

  private log(failure: Failure, request: FastifyRequest | IncomingMessage): void {
    const requestId = 'id' in request ? request.id : undefined;
    this.logger.error(
      { err: loggable(failure.cause), status: failure.status, request_id: requestId },
      'Request failed',
    );
  }
}

/**
 * Answering while the client still sends would end in a reset that overtakes the answer: most clients read nothing
 * before they have written everything. So the rest is read and thrown away first, for a few seconds.
 */
function afterTheBody(request: IncomingMessage, answer: () => void): void {
  if (request.complete || request.destroyed) {
    answer();
    return;
  }
  const done = (): void => {
    clearTimeout(timer);
    request.off('end', done).off('close', done);
    answer();
  };
  const timer = setTimeout(done, LINGER_MS);
  // A handler that gave up its stream may still be piped to: the unpiping to come would pause the request again.
  request.unpipe();
  request.on('end', done).on('close', done).resume();
}
