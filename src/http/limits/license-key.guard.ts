import { Injectable, type ExecutionContext } from '@nestjs/common';
import {
  ThrottlerGuard,
  type ThrottlerLimitDetail,
  type ThrottlerModuleOptions,
  type ThrottlerRequest,
} from '@nestjs/throttler';
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

type Presented = Readonly<Record<'license_key' | 'hardware_id', string>>;

/** Whether a body that nobody has validated holds a license key and a hardware id. */
function presents(body: unknown): body is Presented {
  if (typeof body !== 'object' || body === null) return false;
  const { license_key, hardware_id } = body as Readonly<Record<string, unknown>>;
  return typeof license_key === 'string' && typeof hardware_id === 'string';
}

/** What a route says of its throttler, the request aside. */
type Rule = Omit<ThrottlerRequest, 'context'>;

/**
 * Limits calls by license key and hardware on the license and download planes. It runs as a guard, after the body was
 * read and before anything is looked up. A call without both is not counted here: validation refuses it,
 * or it is a first install, which has an API key and its address to be counted by.
 */
@Injectable()
export class LicenseKeyGuard extends ThrottlerGuard {
  private readonly ruleOf = new WeakMap<ReturnType<ExecutionContext['getHandler']>, Rule>();

  /**
   * The library asks at every call in six ways what a route's decorators say, which takes longer than all the rest. They
   * say the same each time, so it is asked once a route.
   */
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.ruleOf.get(context.getHandler());
    if (rule === undefined) return super.canActivate(context);
    return (await this.shouldSkip(context)) || this.handleRequest({ ...rule, context });
  }

  protected override handleRequest(asked: ThrottlerRequest): Promise<boolean> {
    const { context, ...rule } = asked;
    const handler = context.getHandler();
    if (!this.ruleOf.has(handler)) this.ruleOf.set(handler, rule);
    return super.handleRequest(asked);
  }

  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    const { originalUrl, body } = context.switchToHttp().getRequest<FastifyRequest>();
    return !LIMITED_PLANES.has(planeOf(originalUrl)) || !presents(body);
  }

  /** Only a hash of it is kept. */
  protected override async getTracker({ body }: { body: Presented }): Promise<string> {
    return `${normalizeLicenseKey(body.license_key)}\0${body.hardware_id.trim().toLowerCase()}`;
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
