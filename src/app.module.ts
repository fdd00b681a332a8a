import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessModule } from './access/access.module.js';
import { FoundationModule, type Foundation } from './app.foundation.js';
import { loggerModule } from './app.logging.js';
import { HttpModule } from './http/http.module.js';
import { LimitsModule } from './http/limits/limits.module.js';
import { AdminApiKeysModule } from './admin/api-keys/api-keys.module.js';
import { AdminGuard } from './auth/admin.guard.js';
import { AuthModule } from './auth/auth.module.js';
import { HealthModule } from './health/health.module.js';
import { LicenseKeyGuard } from './http/limits/license-key.guard.js';
import { LicensesModule } from './licenses/licenses.module.js';

/** The features, and what they stand on. */
@Module({})
export class AppModule {
  static of(foundation: Foundation): DynamicModule {
    return {
      module: AppModule,
      imports: [
        loggerModule(foundation.config.LOG_LEVEL),
        FoundationModule.of(foundation),
        HttpModule,
        LimitsModule,
        AccessModule,
        LicensesModule,
        AuthModule,
        AdminApiKeysModule,
        HealthModule,
      ],
      // In this order: who may come in at all, then how often.
      providers: [
        { provide: APP_GUARD, useClass: AdminGuard },
        { provide: APP_GUARD, useExisting: LicenseKeyGuard },
      ],
    };
  }
}
