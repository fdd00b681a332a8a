import type { FastifyRequest } from 'fastify';
import { invalidRequest } from './errors.js';
import { findFlaw, type JsonFlaw } from './json-scan.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The JSON body byte by byte as it came, for proofs over it; undefined without one. */
    rawBody?: Buffer | undefined;
  }
}

const FLAWS = {
  'too deep': 'JSON is nested too deeply',
  'duplicate key': 'JSON has a duplicate key',
  'forbidden key': 'JSON has a forbidden key',
} as const satisfies Record<JsonFlaw, string>;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Every charset parameter of a content type, without quotes. */
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/gi;

/** Refuses with 415 a body in an encoding or charset that this service does not read. */
export function refuseEncodedBody(headers: FastifyRequest['headers']): void {
  // What nearly everybody sends.
  if (headers['content-type'] === 'application/json' && headers['content-encoding'] === undefined) return;
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
  if (encoding !== '' && encoding !== 'identity') throw invalidRequest('Unsupported content encoding', 415);
  for (const [, charset] of (headers['content-type'] ?? '').matchAll(CHARSET)) {
    if (charset?.toLowerCase() !== 'utf-8') throw invalidRequest('Unsupported charset', 415);
  }
}

function textOf(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw invalidRequest('Request body is not valid UTF-8');
  }
}

/**
 * The value of a JSON text, read as strictly as a body.
 * @throws ApiError 400
 */
export function parseJsonText(text: string): unknown {
  try {
    const flaw = findFlaw(text);
    if (flaw !== null) throw invalidRequest(FLAWS[flaw]);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidRequest('Malformed JSON');
    throw error;
  }
}

/**
 * Reads a JSON body. Stricter than `JSON.parse` in all that two readers could take differently: one charset, valid
 * UTF-8, no duplicate keys, bounded depth, and an object at the top. No bytes at all are an empty object.
 * @throws ApiError 400 or 415
 */
export function parseJsonBody(request: FastifyRequest, body: Buffer): object {
  // A route that takes bytes takes no fields; told which of them is wrong, a caller would only mend the wrong thing.
  if (request.routeOptions.config.streamedBody !== undefined)
    throw invalidRequest('Unsupported content type', 415);
  refuseEncodedBody(request.headers);
  request.rawBody = body;
  if (body.length === 0) return {};
  const value = parseJsonText(textOf(body));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidRequest('Request body must be a JSON object');
  }
  return value;
}
