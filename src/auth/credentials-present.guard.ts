import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { invalidRequest } from '../http/errors.js';
import { fieldsIn } from '../http/input-pipe.js';

const isMissing = (value: unknown) => value === undefined || value === null || value === '';

/**
 * A log-in without one of its two parts is told so in one sentence, whatever else is wrong with it. A guard, because the
 * pipe that would speak of a single field comes after it.
 */
@Injectable()
export class CredentialsPresentGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { username, password } = fieldsIn(context.switchToHttp().getRequest<FastifyRequest>().body);
    if (isMissing(username) || isMissing(password)) {
      throw invalidRequest('Username and password are required');
    }
    return true;
  }
}
