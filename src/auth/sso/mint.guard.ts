import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AdminAuthenticator } from '../../access/admin-authenticator.js';
import { permits } from '../../http/access.js';
import { forbidden, invalidRequest, unauthorized } from '../../http/errors.js';

/** Lets in an API key that holds `sso:write`, or an admin by session. The call lies on the panel plane, which has words of its own. */
@Injectable()
export class MintGuard implements CanActivate {
  constructor(private readonly authenticator: AdminAuthenticator) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const principal = await this.authenticator.authenticate(request);
    if (principal === null) throw unauthorized('Missing authorization');
    if (!permits(principal.permissions, 'sso', 'write')) throw forbidden("API key is not scoped for 'sso'");
    // Ignored, it would look as if it protected the call.
    if (request.headers['idempotency-key'] !== undefined) {
      throw invalidRequest('This call takes no Idempotency-Key');
    }
    request.principal = principal;
    return true;
  }
}
