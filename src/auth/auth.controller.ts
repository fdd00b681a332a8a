import { Body, Controller, Get, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../domain/actor.js';
import { Answers } from '../http/api-doc.js';
import { EXAMPLE_PASSWORD, EXAMPLE_SESSION } from '../http/examples.js';
import { always, choice, integer, object, resource, text, type Wire } from '../http/shapes.js';
import { CredentialsPresentGuard } from './credentials-present.guard.js';
import { LoginRequest } from './login.dto.js';
import { LoginService } from './login.service.js';
import { SessionGuard, type SessionRequest } from '../access/session.guard.js';
import { SESSION_SECONDS, Sessions } from '../access/sessions.js';

const USER = resource('SessionUser', {
  username: text({ example: 'admin' }),
  email: text({ example: 'admin@example.com' }),
  role: choice(['admin', 'support', 'customer']),
  status: choice(['active', 'suspended']),
});

const SESSION = resource('Session', {
  token: text({ example: EXAMPLE_SESSION, description: 'Sent as `Authorization: Bearer …`.' }),
  user: USER,
  expires_in: integer({ example: SESSION_SECONDS, description: 'Seconds.' }),
});

const LOGGED_OUT = object({ message: always('Logged out successfully') });

const userBody = ({ username, email, role, status }: Wire<typeof USER>): Wire<typeof USER> => ({
  username,
  email,
  role,
  status,
});

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly logins: LoginService,
    private readonly sessions: Sessions,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Answers(
    'login',
    { 200: SESSION },
    {
      description: 'Begins a session of 24 hours.',
      sends: { username: 'admin', password: EXAMPLE_PASSWORD },
      refuses: { 400: ['Username and password are required'], 401: ['Invalid credentials'] },
    },
  )
  @UseGuards(CredentialsPresentGuard)
  async login(@Body() body: LoginRequest, @Req() http: FastifyRequest): Promise<Wire<typeof SESSION>> {
    const { token, user } = await this.logins.login(body, { address: http.ip, requestId: http.id });
    return { token, user: userBody(user), expires_in: SESSION_SECONDS };
  }

  @Post('logout')
  @HttpCode(200)
  @Answers('logout', { 200: LOGGED_OUT }, { description: 'Ends the session.' })
  @ApiBearerAuth()
  @UseGuards(SessionGuard)
  async logout(@Req() http: SessionRequest) {
    const { session, ip, id } = http;
    const actor: Actor = { type: 'user', id: session.user.userId, address: ip, requestId: id };
    await this.sessions.close(session, actor);
    return { message: 'Logged out successfully' };
  }

  @Get('me')
  @Answers('getMe', { 200: USER }, { description: 'The user behind the session.' })
  @ApiBearerAuth()
  @UseGuards(SessionGuard)
  me(@Req() http: SessionRequest) {
    return userBody(http.session.user);
  }
}
