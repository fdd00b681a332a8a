import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { sessionActor, SessionGuard, type SessionRequest } from '../../access/session.guard.js';
import { Sessions } from '../../access/sessions.js';
import { Answers } from '../../http/api-doc.js';
import { choice, flag, id, instant, list, nullable, object, resource, text } from '../../http/shapes.js';
import { message } from '../answers.js';
import { ChangePassword } from './account.dto.js';
import { PasswordService } from './password.service.js';

const OWN_SESSION = resource('OwnSession', {
  id: id('Session'),
  current: flag({ example: true, description: 'Whether it is the one that asks.' }),
  origin: choice(['password', 'sso']),
  address: nullable(text({ example: '192.0.2.7' })),
  user_agent: nullable(text({ example: 'Mozilla/5.0' })),
  created_at: instant(),
  last_seen_at: instant({ description: 'To the minute.' }),
  expires_at: instant(),
});

/** One's own account: where one is logged in, and the password. */
@ApiTags('auth')
@ApiBearerAuth()
@UseGuards(SessionGuard)
@Controller('auth')
export class AccountController {
  constructor(
    private readonly sessions: Sessions,
    private readonly passwords: PasswordService,
  ) {}

  /** The sessions that are open, the ones used last first. */
  @Get('sessions')
  @Answers(
    'listOwnSessions',
    { 200: object({ sessions: list(OWN_SESSION) }) },
    {
      description: 'Those that are open, up to a hundred, the ones used last first.',
    },
  )
  async list(@Req() { session }: SessionRequest) {
    const sessions = await this.sessions.list(session.userId);
    return {
      sessions: sessions.map((each) => ({
        id: each.id,
        current: each.id === session.sessionId,
        origin: each.origin,
        address: each.address,
        user_agent: each.userAgent,
        created_at: each.createdAt,
        last_seen_at: each.lastSeenAt,
        expires_at: each.expiresAt,
      })),
    };
  }

  /** Logs out elsewhere. */
  @Delete('sessions/:id')
  @Answers(
    'revokeOwnSession',
    { 200: message('Session ended') },
    { description: 'Logs out elsewhere: that session is refused from its very next call.' },
  )
  async revoke(@Param('id') sessionId: string, @Req() http: SessionRequest) {
    await this.sessions.revoke(http.session, sessionId, sessionActor(http));
    return { message: 'Session ended' };
  }

  /** Changes the password and ends every other session. */
  @Post('password')
  @HttpCode(200)
  @Answers(
    'changePassword',
    { 200: message('Password changed') },
    {
      description: 'Every other session ends.',
      asksPassword: true,
      refuses: {
        400: ['The new password field is too easy to guess.'],
        401: ['Missing authorization', 'Invalid credentials'],
      },
    },
  )
  async changePassword(@Body() body: ChangePassword, @Req() http: SessionRequest) {
    await this.passwords.change(body, http);
    return { message: 'Password changed' };
  }
}
