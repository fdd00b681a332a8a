import { hash } from 'node:crypto';
import { Injectable, type ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail, type ThrottlerModuleOptions } from '@nestjs/throttler';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../../config.js';
import { normalizeLicenseKey } from '../../domain/license-key.js';
import { rateLimited } from '../errors.js';
import { planeOf, type Plane } from '../planes.js';
import { LIMITS } from './limits.js';

const LIMITED_PLANES: ReadonlySet<Plane> = new Set(['license', 'download']);

const { setting, windowSeconds } = LIMITS.licenseKey;

/** The options of the one throttler there is; its name is the limit's. */
export const throttlerOptions = (config: Pick<Config, typeof setting>): ThrottlerModuleOptions => ({
  throttlers: [
    { name: 'licenseKey' satisfies keyof typeof LIMITS, ttl: windowSeconds * 1_000, limit: config[setting] },
  ],
  // They would be those of this limit only, beside the one by address that is met as often.
  setHeaders: false,
});

/** License key and hardware id of a body that nobody has validated; null unless both are strings. */
function presented(request: FastifyRequest): string | null {
  const { body } = request;
  if (typeof body !== 'object' || body === null) return null;
  const { license_key, hardware_id } = body as Readonly<Record<string, unknown>>;
  if (typeof license_key !== 'string' || typeof hardware_id !== 'string') return null;
  return `${normalizeLicenseKey(license_key)}\0${hardware_id.trim().toLowerCase()}`;
}

/**
 * Limits calls by license key and hardware on the license and download planes. It runs as a guard, after the body was
 * read and before anything is looked up. A call without both is not counted here: validation refuses it,
 * or it is a first install, which has an API key and its address to be counted by.
 */
@Injectable()
export class LicenseKeyGuard extends ThrottlerGuard {
  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    return !LIMITED_PLANES.has(planeOf(request.originalUrl)) || presented(request) === null;
  }

  protected override async getTracker(request: FastifyRequest): Promise<string> {
    return hash('sha256', presented(request) ?? '');
  }

  /** Without the handler's name, which the library puts in: all calls of both planes share one count. */
  protected override generateKey(_context: ExecutionContext, tracker: string): string {
    return tracker;
  }

  protected override async throwThrottlingException(
    _context: ExecutionContext,
    { timeToBlockExpire }: ThrottlerLimitDetail,
  ): Promise<void> {
    throw rateLimited(timeToBlockExpire);
  }
}
