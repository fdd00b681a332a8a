import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import type { FastifyRequest } from 'fastify';
import { refuseAll } from './dto-reader.js';
import { fieldsIn } from './input-pipe.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** Which parts of a request a handler takes as an argument, so that the pipe checks them. */
interface Taken {
  readonly body: boolean;
  readonly query: boolean;
}

/** Nest keys its argument metadata by `<kind>:<index>`. An argument that names one field (`data`) is no DTO. */
function takenBy(context: ExecutionContext): Taken {
  const args: Readonly<Record<string, { data?: unknown }>> =
    Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) ?? {};
  const kinds = new Set(
    Object.keys(args)
      .filter((key) => args[key]?.data === undefined)
      .map((key) => Number(key.split(':')[0])),
  );
  return { body: kinds.has(RouteParamtypes.BODY), query: kinds.has(RouteParamtypes.QUERY) };
}

/**
 * Refuses fields in a body or query that the handler does not even take: the pipe runs for declared arguments only, and
 * a parameter that is silently ignored looks to its sender as if it worked. The last guard of every route, so that who may
 * not call at all is not told what the call takes.
 */
@Injectable()
export class NoStrayInput implements CanActivate {
  private readonly taken = new WeakMap<Handler, Taken>();

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const handler = context.getHandler();
    const taken = this.taken.get(handler) ?? takenBy(context);
    this.taken.set(handler, taken);
    if (!taken.query) refuseAll(fieldsIn(request.query));
    if (!taken.body) refuseAll(fieldsIn(request.body));
    return true;
  }
}
