import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { ACCESS, kindOfAccess, permits, type RequiredAccess } from '../http/access.js';
import { ApiError, forbidden, unauthorized } from '../http/errors.js';
import { planeOf } from '../http/planes.js';

/**
 * Stands before every route. On the admin plane, and wherever a route names a resource, it wants a credential that reaches
 * that resource; an admin route that names none is open to nobody.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const required = this.reflector.getAllAndOverride<RequiredAccess | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (required === undefined && planeOf(request.originalUrl) !== 'admin') return true;
    if (!request.principal) throw unauthorized('Invalid or missing API key');
    if (required === undefined) {
      const route = `${context.getClass().name}.${context.getHandler().name}`;
      throw new ApiError('FORBIDDEN', { cause: new Error(`${route} has no @Requires`) });
    }
    const { resource } = required;
    if (!permits(request.principal.permissions, resource, kindOfAccess(required, request.method))) {
      throw forbidden(`API key is not scoped for '${resource}'`);
    }
    return true;
  }
}
