import { Body, Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../domain/actor.js';
import { Answers } from '../../http/api-doc.js';
import { exampleHash } from '../../http/examples.js';
import { CurrentActor } from '../../http/principal.js';
import { integer, object, text } from '../../http/shapes.js';
import { LOGGED_IN, loggedInBody } from '../answers.js';
import { fromOf } from '../from.js';
import { MintGuard } from './mint.guard.js';
import { ExchangeRequest, MintRequest } from './sso.dto.js';
import { SsoService } from './sso.service.js';

export const EXAMPLE_NONCE = `mo_${exampleHash('nonce').slice(0, 48)}`;

const MINTED = object({
  nonce: text({ example: EXAMPLE_NONCE, description: 'Good for one log-in.' }),
  consume_url: text({
    example: `https://licenses.example.com/sso/consume/${EXAMPLE_NONCE}`,
    description: 'Where the customer’s browser is sent.',
  }),
  expires_in: integer({ example: 300 }),
  target_path: text({ example: '/licenses' }),
});

/** Customers who are logged in at the vendor's own system come in without a password. */
@ApiTags('sso')
@Controller('auth/sso')
export class SsoController {
  constructor(private readonly sso: SsoService) {}

  /** Prepares one log-in of a customer. */
  @Post('mint')
  @HttpCode(200)
  @ApiSecurity('admin_key')
  @ApiBearerAuth()
  @UseGuards(MintGuard)
  @Answers(
    'mintSso',
    { 200: MINTED },
    {
      description: 'With an API key that holds `sso:write`, or the session of an admin.',
      refuses: {
        400: ['The target path field format is invalid.', 'This call takes no Idempotency-Key'],
        403: ['Cannot mint SSO for admin accounts', 'User is suspended', "API key is not scoped for 'sso'"],
        404: ['User not found'],
      },
    },
  )
  async mint(@Body() body: MintRequest, @CurrentActor() actor: Actor) {
    const { nonce, consumeUrl, expiresIn, targetPath } = await this.sso.mint(body, actor);
    return { nonce, consume_url: consumeUrl, expires_in: expiresIn, target_path: targetPath };
  }

  /** Uses the nonce up for a session, where no browser is to be sent anywhere. */
  @Post('exchange')
  @HttpCode(200)
  @Answers(
    'exchangeSso',
    { 200: LOGGED_IN },
    {
      description: 'Uses the nonce up for a session, where no browser is to be sent anywhere.',
      sends: { nonce: EXAMPLE_NONCE },
      refuses: { 401: ['Invalid or expired nonce'] },
    },
  )
  async exchange(@Body() { nonce }: ExchangeRequest, @Req() http: FastifyRequest) {
    return loggedInBody(await this.sso.consume(nonce, fromOf(http)));
  }
}
