import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { rateLimited, unauthorized } from '../errors.js';
import { apiSegmentOf, planeOf, type Plane } from '../planes.js';
import type { Principal } from '../principal.js';
import { LIMITS, type Limits } from './limits.js';

export interface Edge {
  readonly limits: Limits;
  /** Who the credential in the headers stands for; null without a good one. May throw, when it can't be told. */
  readonly authenticate: (request: FastifyRequest) => Promise<Principal | null>;
}

type Check = (edge: Edge, request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const atPanels: Check = async ({ limits }, request) => {
  const hit = await limits.hit('licenseAddress', request.ip);
  if (!hit.allowed) throw rateLimited(hit.retryAfter);
};

const atAuth: Check = async ({ limits }, request, reply) => {
  const { windowSeconds } = LIMITS.authAddress;
  const hit = await limits.hit('authAddress', request.ip);
  reply.header('X-RateLimit-Limit', hit.limit).header('X-RateLimit-Window', windowSeconds);
  if (hit.allowed) return;
  reply.header('X-RateLimit-Remaining', 0).header('X-RateLimit-Reset', hit.resetAt);
  // The contract's number, whatever is left of the window.
  throw rateLimited(windowSeconds);
};

type Identity = { readonly principal: Principal } | { readonly principal: null; readonly refusal: unknown };

async function identify({ authenticate }: Edge, request: FastifyRequest): Promise<Identity> {
  try {
    const principal = await authenticate(request);
    return principal === null
      ? { principal, refusal: unauthorized('Invalid or missing API key') }
      : { principal };
  } catch (error) {
    // Counted and given its headers like any other answer, and thrown then.
    return { principal: null, refusal: error };
  }
}

const atAdmin: Check = async (edge, request, reply) => {
  const identity = await identify(edge, request);
  const { principal } = identity;
  const hit = await (principal === null
    ? edge.limits.hit('adminAddress', request.ip)
    : edge.limits.hit(
        principal.type === 'user' ? 'adminSession' : 'adminKey',
        principal.id,
        principal.requestsPerMinute,
      ));
  reply
    .header('X-RateLimit-Limit', hit.limit)
    .header('X-RateLimit-Remaining', hit.remaining)
    .header('X-RateLimit-Reset', hit.resetAt);
  if (!hit.allowed) throw rateLimited(hit.retryAfter);
  if (identity.principal !== null) request.principal = identity.principal;
  // An unknown route is a 404 to anybody.
  else if (!request.is404) throw identity.refusal;
};

const atPanelPlane: Check = async (edge, request, reply) => {
  if (apiSegmentOf(request.originalUrl) === 'auth') await atAuth(edge, request, reply);
};

const CHECKS = {
  license: atPanels,
  download: atPanels,
  admin: atAdmin,
  panel: atPanelPlane,
} as const satisfies Record<Plane, Check>;

/**
 * Puts limits by address, and on the admin plane the credential as well, before everything else: a hook runs for
 * unknown routes and before a body is read, so that neither a malformed nor a huge one comes by uncounted. What it
 * throws takes the way of every error, through the one filter. Call it before `app.init()`.
 */
export function registerEdge(fastify: FastifyInstance, edge: Edge): void {
  fastify.addHook('onRequest', (request, reply) =>
    CHECKS[planeOf(request.originalUrl)](edge, request, reply),
  );
}
