import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { LimitsModule } from '../http/limits/limits.module.js';
import { AccountController } from './account/account.controller.js';
import { PasswordService } from './account/password.service.js';
import { AuthController } from './auth.controller.js';
import { Failures } from './failures.js';
import { LoginService } from './login.service.js';
import { Reauthentication } from './reauthentication.js';
import { ConsumeController } from './sso/consume.controller.js';
import { SsoController } from './sso/sso.controller.js';
import { SsoService } from './sso/sso.service.js';
import { SecondFactor } from './totp/second-factor.js';
import { TotpController } from './totp/totp.controller.js';
import { TotpService } from './totp/totp.service.js';

/** Log-ins of people, and what they do with their own account. */
@Module({
  imports: [AccessModule, LimitsModule],
  controllers: [AuthController, AccountController, TotpController, SsoController, ConsumeController],
  providers: [
    LoginService,
    Failures,
    Reauthentication,
    PasswordService,
    SecondFactor,
    TotpService,
    SsoService,
  ],
})
export class AuthModule {}
