import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AdminAuthenticator } from '../access/admin-authenticator.js';
import { bearerOf } from '../access/secret-tokens.js';
import { permits } from '../http/access.js';
import { readDto } from '../http/dto-reader.js';
import { forbidden, unauthorized } from '../http/errors.js';
import { fieldsIn } from '../http/input-pipe.js';
import { PanelTokenRequest } from './downloads.dto.js';

const isMissing = (value: unknown) => value === undefined || value === null || value === '';

const presentsCredential = ({ headers }: FastifyRequest) =>
  headers['x-admin-key'] !== undefined || bearerOf(headers.authorization) !== null;

/**
 * A body without hardware and version is a first install, and takes an API key. Without one it is what a panel has
 * sent that forgot to say what it is, and is told so: whether the license is good must not be known to everyone. One
 * that is no good is named as what is wrong, or its holder would look for the fault in the body.
 */
@Injectable()
export class TokenBodyGuard implements CanActivate {
  constructor(private readonly authenticator: AdminAuthenticator) {}

  /** @throws FieldErrors 422, ApiError 401 for an API key that is no good, 403 for one that may not download */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const body = fieldsIn(request.body);
    const isInstall =
      isMissing(body.hardware_id) && isMissing(body.current_version) && (await this.isInstaller(request));
    if (!isInstall) readDto(PanelTokenRequest, body, 'body');
    return true;
  }

  private async isInstaller(request: FastifyRequest): Promise<boolean> {
    const principal = await this.authenticator.authenticate(request);
    if (principal === null) {
      if (presentsCredential(request)) throw unauthorized('Invalid or missing API key');
      return false;
    }
    if (!permits(principal.permissions, 'downloads', 'write')) {
      throw forbidden("API key is not scoped for 'downloads'");
    }
    return true;
  }
}
