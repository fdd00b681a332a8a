import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { OwnLicensesService } from './own-licenses.service.js';
import { OwnVersionsService } from './own-versions.service.js';
import { PortalController } from './portal.controller.js';

/** The customers' portal: their licenses, seats and downloads, and nobody else's. */
@Module({
  imports: [AccessModule, MetricsModule],
  controllers: [PortalController],
  providers: [OwnLicensesService, OwnVersionsService],
})
export class PortalModule {}
