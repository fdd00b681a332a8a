import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/access.module.js';
import { UserChangesService } from './user-changes.service.js';
import { UserSessionsService } from './user-sessions.service.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [AccessModule],
  controllers: [UsersController],
  providers: [UsersService, UserChangesService, UserSessionsService],
})
export class AdminUsersModule {}
