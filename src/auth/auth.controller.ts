import { Body, Controller, Get, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SessionCookie } from '../access/session-cookie.js';
import { sessionActor, SessionGuard, type SessionRequest } from '../access/session.guard.js';
import { Sessions } from '../access/sessions.js';
import { Answers } from '../http/api-doc.js';
import { EXAMPLE_PASSWORD } from '../http/examples.js';
import { either } from '../http/shapes.js';
import { LOGGED_IN, loginBody, message, PERSON, personBody, SECOND_FACTOR_WANTED } from './answers.js';
import { CredentialsPresentGuard } from './credentials-present.guard.js';
import { fromOf } from './from.js';
import { LoginRequest } from './login.dto.js';
import { LoginService } from './login.service.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly logins: LoginService,
    private readonly sessions: Sessions,
    private readonly cookie: SessionCookie,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Answers(
    'login',
    { 200: either<unknown>(LOGGED_IN, SECOND_FACTOR_WANTED) },
    {
      description:
        'A session ends after 24 hours, or two hours after its last use. A user with a second factor is asked for it by `requires_2fa`: the same again with `totp_code`, which may be a recovery code.',
      sends: { username: 'maria', password: EXAMPLE_PASSWORD },
      asksPassword: true,
      refuses: { 400: ['Username and password are required'], 401: ['Invalid credentials'] },
    },
  )
  @UseGuards(CredentialsPresentGuard)
  async login(@Body() body: LoginRequest, @Req() http: FastifyRequest) {
    return loginBody(await this.logins.login(body, fromOf(http)));
  }

  @Post('logout')
  @HttpCode(200)
  @Answers(
    'logout',
    { 200: message('Logged out successfully') },
    {
      description: 'Ends the session.',
      headers: {
        'Set-Cookie': {
          description: 'Takes the cookie of the session back.',
          example: '__Host-mooring_session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
        },
      },
    },
  )
  @ApiBearerAuth()
  @UseGuards(SessionGuard)
  async logout(@Req() http: SessionRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    await this.sessions.close(http.session, sessionActor(http));
    void reply.header('set-cookie', this.cookie.clearing());
    return { message: 'Logged out successfully' };
  }

  @Get('me')
  @Answers('getMe', { 200: PERSON }, { description: 'The user behind the session.' })
  @ApiBearerAuth()
  @UseGuards(SessionGuard)
  me(@Req() http: SessionRequest) {
    return personBody(http.session);
  }
}
