import type { FastifyRequest } from 'fastify';

/** Where a log-in comes from. */
export interface From {
  readonly address: string;
  readonly userAgent: string | null;
  readonly requestId: string;
}

export const fromOf = ({ ip, id, headers }: FastifyRequest): From => ({
  address: ip,
  requestId: id,
  userAgent: headers['user-agent'] ?? null,
});
