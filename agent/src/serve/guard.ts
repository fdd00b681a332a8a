import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.js';

const ALWAYS_OURS = new Set(['localhost', '127.0.0.1', '[::1]']);

const BEARER = /^Bearer +(\S+) *$/i;

const hash = (text: string) => createHash('sha256').update(text).digest();

/** The name in a `Host` header, without the port. */
const nameIn = (host: string) => host.toLowerCase().replace(/:\d+$/, '');

/**
 * Refuses what a panel never sends. A web page that made its own name point at this machine is given away by the name in
 * `Host`, and any page of a browser by `Origin`.
 */
export function checkSender(host: string, { headers }: IncomingMessage, ownHost: string): void {
  const name = nameIn(host);
  const own = ownHost.includes(':') ? `[${ownHost}]` : ownHost;
  if (!ALWAYS_OURS.has(name) && name !== own) throw new Refusal(403, 'FORBIDDEN', 'Host is not allowed');
  if (headers.origin !== undefined) {
    throw new Refusal(403, 'FORBIDDEN', 'Requests of web pages are not allowed');
  }
}

/** Compared by their hashes, which takes the same time wherever the first difference is. */
export function checkToken({ headers }: IncomingMessage, token: string): void {
  const { authorization } = headers;
  const challenge = { 'www-authenticate': 'Bearer' };
  if (!authorization) throw new Refusal(401, 'UNAUTHORIZED', 'Missing authorization', challenge);
  const given = BEARER.exec(authorization)?.[1] ?? '';
  if (!timingSafeEqual(hash(given), hash(token))) {
    throw new Refusal(401, 'UNAUTHORIZED', 'Invalid token', challenge);
  }
}
