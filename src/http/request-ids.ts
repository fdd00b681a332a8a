import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

const BYTES_OF_AN_ID = 16;

/** Asked for one by one, random bytes cost more than all the rest of an id. */
const pool = new Uint8Array(256 * BYTES_OF_AN_ID);
let used = pool.length;

function randomBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += BYTES_OF_AN_ID;
  return pool.subarray(used - BYTES_OF_AN_ID, used);
}

/** The id of a request: in its log lines, and in every audit event that comes of it. */
export const newRequestId = (): string => uuidv7({ random: randomBytes() });

const current = new AsyncLocalStorage<string>();

/** The id of the request that this is done for; undefined outside of one. */
export const currentRequestId = (): string | undefined => current.getStore();

/** From the guards on. What is refused before them is logged with its id as well, and nothing else is done for it. */
export function followRequests(fastify: FastifyInstance): void {
  fastify.addHook('preHandler', (request, _reply, done) => current.run(request.id, done));
}
