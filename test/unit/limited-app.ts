import { Body, Controller, Get, Global, Module, Post, Req } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyInstance, FastifyRequest, InjectOptions } from 'fastify';
import { Clock, SystemClock } from '../../src/clock.js';
import { CONFIG, readConfig } from '../../src/config.js';
import { createAdapter } from '../../src/http/adapter.js';
import { ErrorFilter } from '../../src/http/error-filter.js';
import { registerEdge, type Edge } from '../../src/http/limits/edge.js';
import { LicenseKeyGuard } from '../../src/http/limits/license-key.guard.js';
import { Limits } from '../../src/http/limits/limits.js';
import { LimitsModule } from '../../src/http/limits/limits.module.js';

@Controller()
class EveryPlane {
  @Post(['license/activate', 'license/validate', 'download/token'])
  panel(@Body() body: object) {
    return { fields: Object.keys(body).length };
  }

  @Get(['license/keys', 'download/file/:token', 'auth/me', 'health/live'])
  plain() {
    return {};
  }

  @Post('auth/login')
  login() {
    return {};
  }

  @Get('admin/products')
  products(@Req() request: FastifyRequest) {
    return { id: request.principal?.id ?? null };
  }

  @Post('admin/products')
  create() {
    return {};
  }
}

export interface LimitedAppOptions {
  readonly env?: Record<string, string>;
  readonly authenticate?: Edge['authenticate'];
  readonly trustProxy?: string[];
  /** What is set before the limits are. */
  readonly before?: (fastify: FastifyInstance) => void;
}

/** An application with nothing in it but limits, the filter and a route on every plane. */
export async function limitedApp({ env = {}, authenticate, trustProxy, before }: LimitedAppOptions = {}) {
  @Global()
  @Module({
    providers: [
      { provide: CONFIG, useValue: readConfig(env) },
      { provide: Clock, useClass: SystemClock },
    ],
    exports: [CONFIG, Clock],
  })
  class Foundation {}

  @Module({
    imports: [Foundation, LimitsModule],
    controllers: [EveryPlane],
    providers: [
      { provide: APP_FILTER, useClass: ErrorFilter },
      { provide: APP_GUARD, useExisting: LicenseKeyGuard },
    ],
  })
  class Application {}

  const testing = await Test.createTestingModule({ imports: [Application] }).compile();
  const adapter = createAdapter({ trustProxy: trustProxy ?? false });
  const app = testing.createNestApplication<NestFastifyApplication>(adapter, {
    bodyParser: false,
    logger: false,
  });
  app.setGlobalPrefix('api/v1', { exclude: ['health/live'] });
  before?.(adapter.getInstance());
  registerEdge(adapter.getInstance(), {
    limits: app.get(Limits, { strict: false }),
    authenticate: authenticate ?? (() => Promise.resolve(null)),
  });
  await app.init();
  return app;
}

type App = NestFastifyApplication;

/** One request; `path` is below /api/v1. */
export const send = (app: App, method: 'GET' | 'POST' | 'HEAD', path: string, options: InjectOptions = {}) =>
  app.inject({ method, url: `/api/v1${path}`, ...options });

/** The same request again and again: the statuses in order. */
export async function statuses(times: number, request: () => Promise<{ statusCode: number }>) {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) seen.push((await request()).statusCode);
  return seen;
}

/** `repeat(3, 200)` and so on, for what `statuses` saw. */
export const repeat = (times: number, status: number): number[] =>
  Array.from({ length: times }, () => status);
