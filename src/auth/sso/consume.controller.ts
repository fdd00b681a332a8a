import { Controller, Get, Head, Header, Headers, HttpCode, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SessionCookie } from '../../access/session-cookie.js';
import { localPath } from '../../domain/local-path.js';
import { Answers } from '../../http/api-doc.js';
import { UNAVAILABLE } from '../../http/errors.js';
import { fromOf } from '../from.js';
import { EXAMPLE_NONCE } from './sso.controller.js';
import { SsoService } from './sso.service.js';

/** Whether a browser asks ahead, for a page that nobody has opened: `prefetch`, also with parameters (`prefetch;prerender`). */
const isAhead = (...purposes: (string | undefined)[]): boolean =>
  purposes.some((purpose) => /\bprefetch\b/i.test(purpose ?? ''));

/** Where the link of a prepared log-in leads. It lies outside /api/v1, for people meet it in their address bar. */
@ApiTags('sso')
@Controller('sso/consume')
export class ConsumeController {
  constructor(
    private readonly sso: SsoService,
    private readonly cookie: SessionCookie,
  ) {}

  /** Mail scanners and previews ask so before the customer clicks: it tells nothing and uses nothing up. */
  @Head(':nonce')
  @HttpCode(204)
  @ApiExcludeEndpoint()
  @Header('Cache-Control', 'no-store')
  look(): void {}

  /** Uses the nonce up: sets the session's cookie and goes on to the target. */
  @Get(':nonce')
  @Answers(
    'consumeSso',
    { 302: null },
    {
      description:
        'Sets the session as a cookie that no script can read. HEAD uses nothing up, nor does a browser that asks ahead (`Sec-Purpose: prefetch`): those are answered with 204.',
      parameters: { nonce: EXAMPLE_NONCE },
      refuses: { 401: ['Invalid or expired nonce'], 503: [UNAVAILABLE] },
      headers: {
        Location: { description: 'The target path.', example: '/licenses' },
        'Set-Cookie': {
          description: 'The session.',
          example: '__Host-mooring_session=ms_…; Path=/; HttpOnly',
        },
        'Referrer-Policy': { description: 'The link is a credential.', example: 'no-referrer' },
      },
    },
  )
  async consume(
    @Param('nonce') nonce: string,
    @Headers('sec-purpose') secPurpose: string | undefined,
    @Headers('purpose') purpose: string | undefined,
    @Req() http: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    void reply.header('cache-control', 'no-store');
    if (isAhead(secPurpose, purpose)) return reply.status(204).send();
    const { token, targetPath } = await this.sso.consume(nonce, fromOf(http));
    return reply
      .status(302)
      .headers({
        // It was checked when it was minted; what goes out is checked as well.
        location: localPath(targetPath) ?? '/',
        'set-cookie': this.cookie.setting(token),
      })
      .send();
  }
}
