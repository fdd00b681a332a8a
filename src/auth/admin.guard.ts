import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { ACCESS, kindOfAccess, permits, type RequiredAccesses } from '../http/access.js';
import { ApiError, forbidden, unauthorized } from '../http/errors.js';
import { planeOf } from '../http/planes.js';

/**
 * Stands before every route. On the admin plane, and wherever a route names resources, it wants a credential that reaches
 * each of them; an admin route that names none is open to nobody.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const required = this.reflector.getAllAndOverride<RequiredAccesses | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (required === undefined && planeOf(request.originalUrl) !== 'admin') return true;
    if (!request.principal) throw unauthorized('Invalid or missing API key');
    if (required === undefined) {
      const route = `${context.getClass().name}.${context.getHandler().name}`;
      throw new ApiError('FORBIDDEN', { cause: new Error(`${route} has no @Requires`) });
    }
    const { permissions } = request.principal;
    const missing = required.find(
      (each) => !permits(permissions, each.resource, kindOfAccess(each, request.method)),
    );
    if (missing !== undefined) throw forbidden(`API key is not scoped for '${missing.resource}'`);
    return true;
  }
}
