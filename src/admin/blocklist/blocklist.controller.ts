import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { BlockedHardware } from '../../database/entities/index.js';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { BlockHardware, BlocklistQuery, UpdateBlockedHardware } from './blocklist.dto.js';
import { BlocklistService } from './blocklist.service.js';

const blockedBody = (row: BlockedHardware) => ({
  id: row.id,
  hardware_id: row.hardwareId,
  reason: row.reason,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});

@ApiTags('blocklist')
@ApiSecurity('admin_key')
@Requires('blocklist')
@Controller('admin/blocklist')
export class BlocklistController {
  constructor(private readonly blocklist: BlocklistService) {}

  @Get()
  async list(@Query() query: BlocklistQuery) {
    const [rows, total] = await this.blocklist.list(query);
    return adminList(rows.map(blockedBody), total, query);
  }

  /** No license answers that hardware from the very next call on; the seats it holds stay taken. */
  @Post()
  async create(@Body() body: BlockHardware, @CurrentActor() actor: Actor) {
    return adminAnswer(blockedBody(await this.blocklist.create(body, actor)));
  }

  @Get(':id')
  async get(@Param('id') id: string) {
    return adminAnswer(blockedBody(await this.blocklist.get(id)));
  }

  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: UpdateBlockedHardware, @CurrentActor() actor: Actor) {
    return adminAnswer(blockedBody(await this.blocklist.update(id, body, actor)));
  }

  /** The hardware is answered again from the very next call on. */
  @Delete(':id')
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.blocklist.remove(id, actor);
    return adminAnswer(null);
  }
}
