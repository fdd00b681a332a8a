import type { FastifyInstance, onSendHookHandler, preValidationHookHandler } from 'fastify';
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
    /** Of a panel, and waiting for its answer. */
    isWaiting?: boolean;
  }
  interface FastifyContextConfig {
    requestClass?: RequestClass;
  }
}

/** Whom the service is for: how long they wait is what everybody else may have to give way for. */
const PANELS: ReadonlySet<RequestClass | undefined> = new Set(['phone_home', 'seats']);

/**
 * Who of the panels waits for the service: from when all of its request is here, for until then the service waits for the
 * panel, to when its answer is made, which every request comes to, also of those that have hung up. By their connections
 * nobody could be counted: of a response that waits behind another on the same one, Node 22 never tells that it is closed.
 */
function countPanels(fastify: FastifyInstance): {
  readonly queue: QueueGauge;
  readonly waiting: () => number;
} {
  const queue = new QueueGauge();
  let waiting = 0;
  fastify.decorateRequest('isWaiting', false);
  const comes: preValidationHookHandler = (request, _reply, done) => {
    request.isWaiting = true;
    waiting++;
    done();
  };
  // Twice, where an answer fails to be written and another is given.
  const isAnswered: onSendHookHandler = (request, _reply, _payload, done) => {
    if (request.isWaiting) {
      request.isWaiting = false;
      waiting--;
      queue.served();
    }
    done();
  };
  fastify.addHook('onRoute', (route) => {
    if (!PANELS.has(route.config?.requestClass)) return;
    route.preValidation = [comes, ...[route.preValidation ?? []].flat()];
    route.onSend = [isAnswered, ...[route.onSend ?? []].flat()];
  });
  return { queue, waiting: () => waiting };
}

/** Looks every second how long requests have to wait, until the server closes. Call it behind `shedLoad`, and before routes are registered. */
export function measurePressure(fastify: FastifyInstance, shedder: Shedder, connections: Connections): void {
  const loop = new LoopGauge();
  const database = new QueueGauge();
  connections.on('acquire', () => database.served());
  const panels = countPanels(fastify);

  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const elapsedMs = now - before;
    before = now;
    shedder.take({
      loopDelayMs: loop.take(elapsedMs),
      database: database.take(connections.waitingCount, elapsedMs),
      panels: panels.queue.take(panels.waiting(), elapsedMs),
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
