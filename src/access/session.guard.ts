import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { bearerOf } from './secret-tokens.js';
import { unauthorized } from '../http/errors.js';
import { Sessions, type OpenSession } from './sessions.js';

/** A request that has passed the guard. */
export interface SessionRequest extends FastifyRequest {
  session: OpenSession;
}

/** Lets in who is logged in, whatever the role. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(private readonly sessions: Sessions) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & Partial<SessionRequest>>();
    const token = bearerOf(request.headers.authorization);
    const session = token === null ? null : await this.sessions.find(token);
    if (session === null) throw unauthorized('Missing authorization');
    request.session = session;
    return true;
  }
}
