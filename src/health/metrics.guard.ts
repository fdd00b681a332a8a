import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { bearerOf } from '../access/secret-tokens.js';
import { CONFIG, type Config } from '../config.js';
import { ApiError, unauthorized } from '../http/errors.js';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Compares digests: they have one length, and how far they agree says nothing of the texts. */
const isEqual = (one: string, other: string) => timingSafeEqual(digest(one), digest(other));

const isLoopback = (address: string) => isIP(address) !== 0 && ipaddr.process(address).range() === 'loopback';

export interface MetricsCall {
  /** Of the socket itself: a forwarded address is anybody's word. */
  readonly socketAddress: string | undefined;
  readonly presented: string | null;
  /** Whether a proxy has left its mark on the request. */
  readonly isForwarded: boolean;
}

export interface MetricsRules {
  readonly token: string | null;
}

/** What proxies write into a request. */
const PROXY_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'];

/** Who may read the metrics; `hidden` stands for "there is no such thing here". */
export function metricsAccess(call: MetricsCall, rules: MetricsRules): 'granted' | 'refused' | 'hidden' {
  // By a proxy of the same machine every caller comes from loopback.
  if (!call.isForwarded && isLoopback(call.socketAddress ?? '')) return 'granted';
  if (rules.token === null) return 'hidden';
  return call.presented !== null && isEqual(call.presented, rules.token) ? 'granted' : 'refused';
}

@Injectable()
export class MetricsGuard implements CanActivate {
  private readonly rules: MetricsRules;

  constructor(@Inject(CONFIG) { METRICS_TOKEN }: Config) {
    this.rules = { token: METRICS_TOKEN };
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const access = metricsAccess(
      {
        socketAddress: request.socket.remoteAddress,
        presented: bearerOf(request.headers.authorization),
        isForwarded: PROXY_HEADERS.some((name) => request.headers[name] !== undefined),
      },
      this.rules,
    );
    if (access === 'hidden') throw new ApiError('NOT_FOUND');
    if (access === 'refused') throw unauthorized('Missing authorization');
    return true;
  }
}
