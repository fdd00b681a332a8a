import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { integer, object } from '../../http/shapes.js';
import { CurrentAsker, type Asker } from '../asker.js';
import { USER, USER_SESSION, userBody, sessionBody } from './user-body.js';
import { UserChangesService } from './user-changes.service.js';
import { UserSessionsService } from './user-sessions.service.js';
import { CreateUser, SessionsQuery, UpdateUser, UsersQuery } from './users.dto.js';
import { UsersService } from './users.service.js';

const BEYOND = "API key cannot manage a user with the role 'admin'";
const LAST = 'The last active admin must stay.';

/** People. Their sessions and second factor hang on them, and so does the version that If-Match holds a change to. */
@ApiTags('users')
@ApiSecurity('admin_key')
@Requires('users')
@Controller('admin/users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly changes: UserChangesService,
    private readonly sessions: UserSessionsService,
  ) {}

  @Get()
  @AdminLists('listUsers', USER, { description: 'Staff and customers; `role` tells them apart.' })
  async list(@Query() query: UsersQuery) {
    const [rows, total] = await this.users.list(query);
    return adminList(rows.map(userBody), total, query);
  }

  @Post()
  @AdminAnswers('createUser', USER, {
    description:
      'Nobody makes a user of the panel who may do more there than they do themselves. With `users:write` come log-ins of customers, who can do what the portal can.',
    refuses: {
      403: [BEYOND],
      409: ['The username has already been taken.', 'The email has already been taken.'],
    },
  })
  async create(@Body() body: CreateUser, @CurrentAsker() asker: Asker) {
    return adminAnswer(userBody(await this.users.create(body, asker)));
  }

  @Get(':id')
  @AdminAnswers('getUser', USER, {
    description: 'With role and state, and whether a password and a second factor are set.',
  })
  async get(@Param('id') id: string) {
    return adminAnswer(userBody(await this.users.get(id)));
  }

  @Patch(':id')
  @AdminAnswers('updateUser', USER, {
    description:
      'A new password, another role, another customer and a suspension end all sessions at once. Who leaves the role `customer` leaves the customer as well.',
    refuses: {
      403: [BEYOND],
      409: [
        LAST,
        'The username has already been taken.',
        'The email has already been taken.',
        'Your own password is changed by /auth/password.',
      ],
    },
  })
  async update(@Param('id') id: string, @Body() body: UpdateUser, @CurrentAsker() asker: Asker) {
    return adminAnswer(userBody(await this.changes.update(id, body, asker)));
  }

  @Delete(':id')
  @AdminAnswers('deleteUser', null, {
    description: 'The sessions end at once.',
    refuses: { 403: [BEYOND], 409: [LAST] },
  })
  async remove(@Param('id') id: string, @CurrentAsker() asker: Asker) {
    await this.changes.remove(id, asker);
    return adminAnswer(null);
  }

  /** Where the user is logged in. */
  @Get(':id/sessions')
  @AdminLists('listUserSessions', USER_SESSION, { description: 'Where the user is logged in.' })
  async listSessions(@Param('id') id: string, @Query() query: SessionsQuery) {
    const [rows, total] = await this.sessions.list(id, query);
    return adminList(rows.map(sessionBody), total, query);
  }

  /** Ends every session; `revoked` is how many there were. */
  @Delete(':id/sessions')
  @AdminAnswers('revokeUserSessions', object({ revoked: integer() }), {
    description: 'SSO links that are out for the user are void as well.',
    refuses: { 403: [BEYOND] },
  })
  async revokeSessions(@Param('id') id: string, @CurrentAsker() asker: Asker) {
    return adminAnswer({ revoked: await this.sessions.revokeAll(id, asker) });
  }

  @Delete(':id/sessions/:session_id')
  @AdminAnswers('revokeUserSession', null, {
    description: 'Logs the user out in one place; the session is refused from its very next call.',
    refuses: { 403: [BEYOND] },
  })
  async revokeSession(
    @Param('id') id: string,
    @Param('session_id') sessionId: string,
    @CurrentAsker() asker: Asker,
  ) {
    await this.sessions.revoke(id, sessionId, asker);
    return adminAnswer(null);
  }

  /** For a user who has lost the second factor and the recovery codes. */
  @Delete(':id/two-factor')
  @AdminAnswers('resetUserTwoFactor', USER, {
    description: 'For who has lost app and recovery codes. The sessions end.',
    refuses: { 403: [BEYOND], 409: ['Your own second factor is turned off by /auth/totp/disable.'] },
  })
  async resetTwoFactor(@Param('id') id: string, @CurrentAsker() asker: Asker) {
    return adminAnswer(userBody(await this.changes.resetSecondFactor(id, asker)));
  }
}
