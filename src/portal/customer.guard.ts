import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { sessionActor, type SessionRequest } from '../access/session.guard.js';
import type { Actor } from '../domain/actor.js';
import { forbidden } from '../http/errors.js';

/** Who is logged in to the portal. */
export interface PortalUser {
  /** All that the user may see is this customer's; null for a user who is nobody's, and sees nothing. */
  readonly customerId: string | null;
  readonly actor: Actor;
}

export const CUSTOMERS_ONLY = 'The portal is for customers';

/** Behind SessionGuard: staff have the admin plane, and would see nothing here. */
@Injectable()
export class CustomerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<SessionRequest>();
    if (session.role !== 'customer') throw forbidden(CUSTOMERS_ONLY);
    return true;
  }
}

export const CurrentPortalUser = createParamDecorator((_: unknown, context: ExecutionContext): PortalUser => {
  const request = context.switchToHttp().getRequest<SessionRequest>();
  return { customerId: request.session.customerId, actor: sessionActor(request) };
});
