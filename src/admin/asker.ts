import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../domain/actor.js';
import { actorOf } from '../http/principal.js';

/** Who asks, and how far the asker's own permissions reach. */
export interface Asker {
  readonly actor: Actor;
  readonly permissions: readonly string[];
}

/** For calls that hand on what the asker may do: nobody hands on more. */
export const CurrentAsker = createParamDecorator((_: unknown, context: ExecutionContext): Asker => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return { actor: actorOf(request), permissions: request.principal?.permissions ?? [] };
});
