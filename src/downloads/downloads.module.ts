import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { DownloadsController } from './downloads.controller.js';
import { Entrance } from './entrance.js';
import { FilesController } from './files.controller.js';
import { FilesService } from './files.service.js';
import { TokensService } from './tokens.service.js';
import { UpdatesService } from './updates.service.js';

/** The download plane: what to update to, the right to fetch it, and the bytes. */
@Module({
  imports: [AccessModule, MetricsModule],
  controllers: [DownloadsController, FilesController],
  providers: [Entrance, UpdatesService, TokensService, FilesService],
})
export class DownloadsModule {}
