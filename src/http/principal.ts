import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../domain/actor.js';

/** Who stands behind an authenticated request: an API key, or a user by a session. */
export interface Principal {
  readonly type: 'api_key' | 'user';
  readonly id: string;
  /** `all`, `read`, or `<resource>:read|write`. A session's come from the user's role. */
  readonly permissions: readonly string[];
  /** Requests a minute on the admin plane; null for the configured limit of its kind. */
  readonly requestsPerMinute: number | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before routing on the admin plane when the credential is good. */
    principal?: Principal;
  }
}

/** Who acts in this request, for the audit log. A panel is named by its license once that is known. */
export function actorOf(request: FastifyRequest): Actor {
  return {
    type: request.principal?.type ?? 'panel',
    id: request.principal?.id ?? null,
    address: request.ip,
    requestId: request.id,
  };
}

export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext) =>
  actorOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
