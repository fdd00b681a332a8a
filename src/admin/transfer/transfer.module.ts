import { Module } from '@nestjs/common';
import { ExportController } from './export.controller.js';
import { ExportsService } from './exports.service.js';
import { ImportController } from './import.controller.js';
import { ImportsService } from './imports.service.js';

/** Licenses and seats as files, in and out. */
@Module({
  controllers: [ImportController, ExportController],
  providers: [ImportsService, ExportsService],
})
export class AdminTransferModule {}
