import { Module, type DynamicModule } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { FoundationModule, type Foundation } from './app.foundation.js';
import { loggerModule } from './app.logging.js';
import { HttpModule } from './http/http.module.js';
import { LimitsModule } from './http/limits/limits.module.js';
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
      ],
    };
  }
}
