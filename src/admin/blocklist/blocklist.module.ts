import { Module } from '@nestjs/common';
import { BlocklistController } from './blocklist.controller.js';
import { BlocklistService } from './blocklist.service.js';

@Module({ controllers: [BlocklistController], providers: [BlocklistService] })
export class AdminBlocklistModule {}
