import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { rateLimited, unauthorized, type ApiError } from '../errors.js';
import { countedSegmentOf, planeOf } from '../planes.js';
import type { Principal } from '../principal.js';
import type { Hit } from './limit-store.js';
import { LIMITS, type LimitName, type Limits } from './limits.js';

export interface Edge {
  readonly limits: Limits;
  /** Who the credential in the headers stands for; null without a good one. May throw, when it can't be told. */
  readonly authenticate: (request: FastifyRequest) => Promise<Principal | null>;
}

/** What a count comes to: headers for the answer, and the refusal if it was one too many. */
export interface Count {
  readonly headers: Readonly<Record<string, string | number>>;
  readonly refusal: ApiError | null;
}

function counted(hit: Hit): Count {
  const headers = {
    'x-ratelimit-limit': hit.limit,
    'x-ratelimit-remaining': hit.remaining,
    'x-ratelimit-reset': hit.resetAt,
  };
  return { headers, refusal: hit.allowed ? null : rateLimited(hit.retryAfter) };
}

/** The contract's own headers: what is left is told with the refusal only. */
function countedAtAuth(hit: Hit): Count {
  const { windowSeconds } = LIMITS.authAddress;
  const headers = { 'x-ratelimit-limit': hit.limit, 'x-ratelimit-window': windowSeconds };
  if (hit.allowed) return { headers, refusal: null };
  return {
    headers: { ...headers, 'x-ratelimit-remaining': 0, 'x-ratelimit-reset': hit.resetAt },
    // The contract's number, whatever is left of the window.
    refusal: rateLimited(windowSeconds),
  };
}

const BY_ADDRESS = {
  license: { limit: 'licenseAddress', count: counted },
  download: { limit: 'licenseAddress', count: counted },
  admin: { limit: 'adminAddress', count: counted },
  auth: { limit: 'authAddress', count: countedAtAuth },
  portal: { limit: 'portalAddress', count: counted },
} as const satisfies Record<string, { limit: LimitName; count: (hit: Hit) => Count }>;

const LIMITED_SEGMENTS: ReadonlyMap<string | null, (typeof BY_ADDRESS)[keyof typeof BY_ADDRESS]> = new Map(
  Object.entries(BY_ADDRESS),
);

/** Counts a call that is known by its target and address alone; null where nothing is counted. */
async function countByAddress(limits: Limits, target: string, address: string): Promise<Count | null> {
  const rule = LIMITED_SEGMENTS.get(countedSegmentOf(target));
  return rule === undefined ? null : rule.count(await limits.hit(rule.limit, address));
}

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

async function atAdmin(edge: Edge, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const identity = await identify(edge, request);
  const { principal } = identity;
  const hit = await (principal === null
    ? edge.limits.hit('adminAddress', request.ip)
    : edge.limits.hit(
        principal.type === 'user' ? 'adminSession' : 'adminKey',
        principal.id,
        principal.requestsPerMinute,
      ));
  const { headers, refusal } = counted(hit);
  reply.headers(headers);
  if (refusal !== null) throw refusal;
  if (identity.principal !== null) request.principal = identity.principal;
  // An unknown route is a 404 to anybody.
  else if (!request.is404) throw identity.refusal;
}

async function elsewhere({ limits }: Edge, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const count = await countByAddress(limits, request.originalUrl, request.ip);
  if (count === null) return;
  reply.headers(count.headers);
  if (count.refusal !== null) throw count.refusal;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** For what never becomes a request: bytes that are no HTTP still come from an address. */
    countByAddress?: (target: string, address: string) => Promise<Count | null>;
  }
}

/**
 * Puts limits by address, and on the admin plane the credential as well, before everything else: a hook runs for
 * unknown routes and before a body is read, so that neither a malformed nor a huge one comes by uncounted. What it
 * throws takes the way of every error, through the one filter. Call it before `app.init()`.
 */
export function registerEdge(fastify: FastifyInstance, edge: Edge): void {
  fastify.decorate('countByAddress', (target: string, address: string) =>
    countByAddress(edge.limits, target, address),
  );
  fastify.addHook('onRequest', (request, reply) =>
    (planeOf(request.originalUrl) === 'admin' ? atAdmin : elsewhere)(edge, request, reply),
  );
}
