import type { ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ACCESS, kindOfAccess, type RequiredAccesses } from '../http/access.js';
import { invalidRequest } from '../http/errors.js';
import type { Principal } from '../http/principal.js';

/** A call with a credential, as far as the conventions look at it. */
export interface AdminCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly principal: Principal;
  readonly controller: ReturnType<ExecutionContext['getClass']>;
  /** Whether it changes something. */
  readonly mutates: boolean;
  /** The Idempotency-Key of a call that changes something. */
  readonly idempotencyKey: string | null;
  /** The If-Match of a PATCH or DELETE. */
  readonly ifMatch: string | null;
}

/** Visible ASCII, for a header can't be relied on to carry more. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

function idempotencyKeyOf({ headers, routeOptions }: FastifyRequest): string | null {
  const key = headers['idempotency-key'];
  if (key === undefined) return null;
  // Ignored, it would look as if it protected the call.
  if (routeOptions.config.streamedBody !== undefined) {
    throw invalidRequest('This call takes no Idempotency-Key');
  }
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) {
    throw invalidRequest('Idempotency-Key must have 1 to 255 visible ASCII characters');
  }
  return key;
}

const CONDITIONAL: ReadonlySet<string> = new Set(['PATCH', 'DELETE']);

/** Of a change to a resource itself. What belongs to one, and what is done to one, has no version to be held to. */
function ifMatchOf({ headers, method, routeOptions }: FastifyRequest): string | null {
  const ifMatch = headers['if-match'];
  if (ifMatch === undefined) return null;
  // Ignored, it would look as if it protected the call: a revocation can't be taken back.
  if (!CONDITIONAL.has(method) || routeOptions.url?.endsWith('/:id') !== true) {
    throw invalidRequest('This call takes no If-Match');
  }
  return ifMatch;
}

/**
 * What the conventions are to do for a request; null where there is no credential to do it for.
 * @throws ApiError 400 for an Idempotency-Key or If-Match that can't be honoured
 */
export function adminCallOf(context: ExecutionContext, reflector: Reflector): AdminCall | null {
  const http = context.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const { principal } = request;
  const required = reflector.getAllAndOverride<RequiredAccesses | undefined>(ACCESS, [
    context.getHandler(),
    context.getClass(),
  ]);
  if (!principal || required === undefined) return null;
  const mutates = required.some((each) => kindOfAccess(each, request.method) === 'write');
  return {
    request,
    reply: http.getResponse<FastifyReply>(),
    principal,
    controller: context.getClass(),
    mutates,
    idempotencyKey: mutates ? idempotencyKeyOf(request) : null,
    ifMatch: mutates ? ifMatchOf(request) : null,
  };
}
