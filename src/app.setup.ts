import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import fastifyCookie from '@fastify/cookie';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Logger } from 'nestjs-pino';
import { AdminAuthenticator } from './access/admin-authenticator.js';
import { logRequests } from './app.logging.js';
import { AppModule } from './app.module.js';
import { serveApiDocument } from './app.openapi.js';
import type { Foundation } from './app.foundation.js';
import type { Config } from './config.js';
import { poolOf } from './database/data-source.js';
import { createAdapter } from './http/adapter.js';
import { registerEdge } from './http/limits/edge.js';
import { Limits } from './http/limits/limits.js';
import { measurePressure, shedLoad } from './http/overload/register.js';
import { Shedder } from './http/overload/shedder.js';
import { followRequests } from './http/request-ids.js';
import { measureRequests } from './metrics/measure-requests.js';
import { countShed, observeExpectedWait } from './metrics/metrics.js';
import { StartupError } from './startup-error.js';

function readFile(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new StartupError(`${name} can't be read: ${path}.`, { cause: error });
  }
}

function readTls({ TLS_CERT_FILE, TLS_KEY_FILE }: Config) {
  if (TLS_CERT_FILE === null || TLS_KEY_FILE === null) return undefined;
  const pair = {
    cert: readFile('TLS_CERT_FILE', TLS_CERT_FILE),
    key: readFile('TLS_KEY_FILE', TLS_KEY_FILE),
  };
  try {
    createSecureContext(pair);
  } catch (error) {
    // OpenSSL's own reason, without the numbers in front.
    const reason = String((error as Error).message)
      .split(':')
      .at(-1);
    throw new StartupError(`TLS_CERT_FILE and TLS_KEY_FILE are no pair in PEM that can be used: ${reason}.`, {
      cause: error,
    });
  }
  return pair;
}

/** No request is answered before `opened`; afterwards none pays for having been able to wait. */
async function holdUntil(opened: Promise<void>, fastify: FastifyInstance): Promise<void> {
  let isOpen = false;
  const held: (() => void)[] = [];
  fastify.addHook('onRequest', (_request, _reply, done) => {
    if (isOpen) done();
    else held.push(done);
  });
  await opened;
  isOpen = true;
  for (const done of held.splice(0)) done();
}

/** The application as the service and the tests run it, configured but not yet listening. No request is answered before `opened`. */
export async function createApp(
  foundation: Foundation,
  opened: Promise<void> = Promise.resolve(),
): Promise<NestFastifyApplication> {
  const { config, database } = foundation;
  const https = readTls(config);
  const adapter = createAdapter({
    trustProxy: config.TRUST_PROXY.length > 0 ? config.TRUST_PROXY : false,
    ...(https !== undefined && { https }),
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(foundation), adapter, {
    bodyParser: false,
    // A list of modules and routes at every start hides the lines that matter; the service's own log follows below.
    logger: ['fatal', 'error', 'warn'],
    abortOnError: false,
  });
  app.setGlobalPrefix('api/v1', {
    exclude: ['health/live', 'health/ready', 'metrics', '.well-known/jwks.json', 'sso/consume/:nonce'],
  });
  // Read where they are looked at: a panel that phones home has none.
  void adapter.getInstance().register(fastifyCookie, { hook: false });
  void holdUntil(opened, adapter.getInstance());
  const authenticator = app.get(AdminAuthenticator, { strict: false });
  followRequests(adapter.getInstance());
  logRequests(adapter.getInstance());
  measureRequests(adapter.getInstance());
  const shedder = new Shedder({ measured: observeExpectedWait, refused: countShed });
  shedLoad(adapter.getInstance(), shedder);
  measurePressure(adapter.getInstance(), shedder, poolOf(database.dataSource));
  registerEdge(adapter.getInstance(), {
    limits: app.get(Limits, { strict: false }),
    authenticate: (request) => authenticator.authenticate(request),
  });
  serveApiDocument(app);
  await app.init();
  app.useLogger(app.get(Logger));
  return app;
}
