import { Module } from '@nestjs/common';
import { ExplainService } from './explain.service.js';
import { LicenseChanges } from './license-changes.js';
import { LicenseKeys } from './license-keys.js';
import { LicenseVerbsController } from './license-verbs.controller.js';
import { LicenseVerbsService } from './license-verbs.service.js';
import { LicensesController } from './licenses.controller.js';
import { LicensesService } from './licenses.service.js';

@Module({
  controllers: [LicensesController, LicenseVerbsController],
  providers: [LicensesService, LicenseVerbsService, ExplainService, LicenseChanges, LicenseKeys],
})
export class AdminLicensesModule {}
