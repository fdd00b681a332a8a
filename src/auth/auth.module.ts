import { Module } from '@nestjs/common';
import { Passwords } from '../access/passwords.js';
import { AuthController } from './auth.controller.js';
import { LoginService } from './login.service.js';
import { Sessions } from './sessions.js';

/** Log-ins of people. */
@Module({
  controllers: [AuthController],
  providers: [LoginService, Sessions, { provide: Passwords, useFactory: () => Passwords.create() }],
})
export class AuthModule {}
