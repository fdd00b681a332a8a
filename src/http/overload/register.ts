import type { FastifyInstance } from 'fastify';
import type { RequestClass } from '../../domain/overload.js';
import { LoopGauge, QueueGauge } from './gauges.js';
import { CLASS_OF_UNKNOWN, classOfRoute } from './route-classes.js';
import type { Shedder } from './shedder.js';

const SAMPLE_MS = 1_000;

/** What is looked at of the connections to the database. */
export interface Connections {
  readonly waitingCount: number;
  on(event: 'acquire', listener: () => void): unknown;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Refused because of the load, which is told once for all of them. */
    isShed?: boolean;
  }
  interface FastifyContextConfig {
    requestClass?: RequestClass;
  }
}

/** Looks every second how long requests have to wait, until the server closes. */
export function measurePressure(fastify: FastifyInstance, shedder: Shedder, connections: Connections): void {
  const loop = new LoopGauge();
  const database = new QueueGauge();
  connections.on('acquire', () => database.served());
  const phoneHomes = new QueueGauge();
  let unanswered = 0;
  // Told of those who hang up as well.
  const left = () => {
    unanswered--;
    phoneHomes.served();
  };
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config.requestClass === 'phone_home') {
      unanswered++;
      reply.raw.on('close', left);
    }
    done();
  });

  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const elapsedMs = now - before;
    before = now;
    shedder.take({
      loopDelayMs: loop.take(elapsedMs),
      database: database.take(connections.waitingCount, elapsedMs),
      phoneHomes: phoneHomes.take(unanswered, elapsedMs),
    });
  }, SAMPLE_MS).unref();
  fastify.addHook('onClose', async () => {
    clearInterval(timer);
    loop.stop();
  });
}

/**
 * Refuses what can't be answered in time before anything is spent on it: no body is read, no credential looked up, nothing
 * counted. Call it before routes are registered, for each is given its class then, and before the hooks that cost something.
 */
export function shedLoad(fastify: FastifyInstance, shedder: Shedder): void {
  fastify.addHook('onRoute', (route) => {
    // Methods that are registered together are of one class: none of our routes has several.
    const [method = ''] = [route.method].flat();
    route.config = { ...route.config, requestClass: classOfRoute(method, route.url) };
  });
  fastify.decorateRequest('isShed', false);
  fastify.addHook('onRequest', (request, _reply, done) => {
    const refusal = shedder.refusal(request.routeOptions.config.requestClass ?? CLASS_OF_UNKNOWN);
    if (refusal === null) return done();
    request.isShed = true;
    done(refusal);
  });
}
