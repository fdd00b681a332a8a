import { Logger, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { DatabaseHealth } from './database-health.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';

/** What whoever runs the service asks of it. Readiness ends by Terminus' own shutdown hook, before the server closes. */
@Module({
  // Nest's Logger writes where the application's does; the default would print past it.
  imports: [TerminusModule.forRoot({ logger: Logger })],
  controllers: [HealthController, MetricsController],
  providers: [DatabaseHealth],
})
export class HealthModule {}
