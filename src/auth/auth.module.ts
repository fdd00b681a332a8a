import { Module } from '@nestjs/common';
import { Passwords } from '../access/passwords.js';
import { AuthController } from './auth.controller.js';
import { LoginService } from './login.service.js';
import { AccessModule } from '../access/access.module.js';

/** Log-ins of people. */
@Module({
  imports: [AccessModule],
  controllers: [AuthController],
  providers: [LoginService, { provide: Passwords, useFactory: () => Passwords.create() }],
})
export class AuthModule {}
