import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '../config.js';
import { SESSION_SECONDS } from '../domain/session-life.js';
import { forbidden } from '../http/errors.js';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

type Asked = Pick<FastifyRequest, 'method' | 'headers' | 'protocol'>;

/** The session of a browser that was sent here by an SSO link. */
@Injectable()
export class SessionCookie {
  private readonly isSecure: boolean;
  private readonly publicOrigin: string;
  /** With `__Host-` a browser takes it from this very host alone, over TLS: no neighbour can plant a session. */
  readonly name: string;

  constructor(
    @Inject(CONFIG) { PUBLIC_URL }: Config,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    const { origin, protocol } = new URL(PUBLIC_URL);
    this.publicOrigin = origin;
    this.isSecure = protocol === 'https:';
    this.name = this.isSecure ? '__Host-mooring_session' : 'mooring_session';
  }

  /** The `Set-Cookie` header that begins the session. No script reads it, and no other site's request for a change carries it. */
  setting(token: string): string {
    return this.serialize(token, SESSION_SECONDS);
  }

  /** The `Set-Cookie` header that ends it. */
  clearing(): string {
    return this.serialize('', 0);
  }

  /**
   * The token that a browser has sent by itself; null for none.
   * @throws ApiError 403 for a change that another site may have asked for: a browser sends cookies whoever asks
   */
  read(request: Asked): string | null {
    const header = request.headers.cookie;
    const token = header === undefined ? undefined : this.fastify.parseCookie(header)[this.name];
    if (token === undefined || token === '') return null;
    if (!SAFE_METHODS.has(request.method) && !this.isSameOrigin(request)) {
      throw forbidden('The request came from another site');
    }
    return token;
  }

  /** By what no script can set. A browser too old for `Sec-Fetch-Site`, or one on plain HTTP, still sends `Origin`. */
  private isSameOrigin({ headers, protocol }: Asked): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== undefined) return site === 'same-origin';
    const { origin, host } = headers;
    return origin !== undefined && (origin === this.publicOrigin || origin === `${protocol}://${host}`);
  }

  private get fastify(): FastifyInstance {
    return this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
  }

  private serialize(value: string, maxAge: number): string {
    return this.fastify.serializeCookie(this.name, value, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: this.isSecure,
      maxAge,
    });
  }
}
