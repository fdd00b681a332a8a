import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessModule } from './access/access.module.js';
import { AdminActivationsModule } from './admin/activations/activations.module.js';
import { AdminApiKeysModule } from './admin/api-keys/api-keys.module.js';
import { AdminAuditModule } from './admin/audit/audit.module.js';
import { AdminBlocklistModule } from './admin/blocklist/blocklist.module.js';
import { AdminCustomersModule } from './admin/customers/customers.module.js';
import { AdminLicensesModule } from './admin/licenses/licenses.module.js';
import { AdminPoliciesModule } from './admin/policies/policies.module.js';
import { AdminProductsModule } from './admin/products/products.module.js';
import { AdminStatsModule } from './admin/stats/stats.module.js';
import { AdminTransferModule } from './admin/transfer/transfer.module.js';
import { AdminUsersModule } from './admin/users/users.module.js';
import { AdminVersionsModule } from './admin/versions/versions.module.js';
import { AdminWebhooksModule } from './admin/webhooks/webhooks.module.js';
import { bindConventions } from './app.conventions.js';
import { FoundationModule, type Foundation } from './app.foundation.js';
import { loggerModule } from './app.logging.js';
import { ReplicaModule } from './app.replica.js';
import { AdminGuard } from './auth/admin.guard.js';
import { AuthModule } from './auth/auth.module.js';
import { ConventionsModule } from './conventions/conventions.module.js';
import { DownloadsModule } from './downloads/downloads.module.js';
import { HealthModule } from './health/health.module.js';
import { HousekeepingModule } from './housekeeping/housekeeping.module.js';
import { HttpModule } from './http/http.module.js';
import { LicenseKeyGuard } from './http/limits/license-key.guard.js';
import { LimitsModule } from './http/limits/limits.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { LicensesModule } from './licenses/licenses.module.js';
import { PortalModule } from './portal/portal.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

const FEATURES = [
  LicensesModule,
  DownloadsModule,
  PortalModule,
  AuthModule,
  AdminProductsModule,
  AdminPoliciesModule,
  AdminCustomersModule,
  AdminLicensesModule,
  AdminActivationsModule,
  AdminVersionsModule,
  AdminTransferModule,
  AdminBlocklistModule,
  AdminApiKeysModule,
  AdminAuditModule,
  AdminWebhooksModule,
  WebhooksModule,
  AdminStatsModule,
  AdminUsersModule,
  HousekeepingModule,
  HealthModule,
];

/** The features, and what they stand on. */
@Module({})
export class AppModule {
  static of(foundation: Foundation): DynamicModule {
    bindConventions(FEATURES);
    return {
      module: AppModule,
      imports: [
        loggerModule(foundation.config.LOG_LEVEL),
        FoundationModule.of(foundation),
        ReplicaModule,
        HttpModule,
        LimitsModule,
        AccessModule,
        ConventionsModule,
        JobsModule,
        ...FEATURES,
      ],
      // In this order: who may come in at all, then how often.
      providers: [
        { provide: APP_GUARD, useClass: AdminGuard },
        { provide: APP_GUARD, useExisting: LicenseKeyGuard },
      ],
    };
  }
}
