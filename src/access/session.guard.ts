import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { SessionFacts } from '../database/sessions.js';
import type { Actor } from '../domain/actor.js';
import { unauthorized } from '../http/errors.js';
import { bearerOf } from './secret-tokens.js';
import { SessionCookie } from './session-cookie.js';
import { Sessions } from './sessions.js';

/** A request that has passed the guard. */
export interface SessionRequest extends FastifyRequest {
  session: SessionFacts;
}

/** A person who acts in their own name. */
export interface PersonalActor extends Actor {
  readonly type: 'user';
  readonly id: string;
}

/** Who acts in a request that has passed the guard, for the audit log. */
export const sessionActor = ({ session, ip, id }: SessionRequest): PersonalActor => ({
  type: 'user',
  id: session.userId,
  address: ip,
  requestId: id,
});

/**
 * Lets in who is logged in, whatever the role: by `Authorization: Bearer`, or by the cookie of an SSO link where there is no such
 * header.
 */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly sessions: Sessions,
    private readonly cookie: SessionCookie,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & Partial<SessionRequest>>();
    const { authorization } = request.headers;
    const token = authorization === undefined ? this.cookie.read(request) : bearerOf(authorization);
    const session = token === null ? null : await this.sessions.find(token);
    if (session === null) throw unauthorized('Missing authorization');
    request.session = session;
    return true;
  }
}
