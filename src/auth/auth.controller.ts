import { Body, Controller, Get, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../domain/actor.js';
import { CredentialsPresentGuard } from './credentials-present.guard.js';
import { LoginRequest } from './login.dto.js';
import { LoginService } from './login.service.js';
import { SessionGuard, type SessionRequest } from '../access/session.guard.js';
import { SESSION_SECONDS, Sessions } from '../access/sessions.js';

const userBody = ({
  username,
  email,
  role,
  status,
}: Record<'username' | 'email' | 'role' | 'status', string>) => ({
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

  /** Begins a session of 24 hours. */
  @Post('login')
  @HttpCode(200)
  @UseGuards(CredentialsPresentGuard)
  async login(@Body() body: LoginRequest, @Req() http: FastifyRequest) {
    const { token, user } = await this.logins.login(body, { address: http.ip, requestId: http.id });
    return { token, user: userBody(user), expires_in: SESSION_SECONDS };
  }

  /** Ends the session. */
  @Post('logout')
  @HttpCode(200)
  @ApiBearerAuth()
  @UseGuards(SessionGuard)
  async logout(@Req() http: SessionRequest) {
    const { session, ip, id } = http;
    const actor: Actor = { type: 'user', id: session.user.userId, address: ip, requestId: id };
    await this.sessions.close(session, actor);
    return { message: 'Logged out successfully' };
  }

  /** The user behind the session. */
  @Get('me')
  @ApiBearerAuth()
  @UseGuards(SessionGuard)
  me(@Req() http: SessionRequest) {
    return userBody(http.session.user);
  }
}
