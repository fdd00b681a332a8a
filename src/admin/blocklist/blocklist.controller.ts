import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { exampleId } from '../../http/examples.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { BLOCKED_HARDWARE, blockedBody } from './blocked-body.js';
import { BlockHardware, BlocklistQuery, UpdateBlockedHardware } from './blocklist.dto.js';
import { BlocklistService } from './blocklist.service.js';

const OF_ONE = {
  parameters: { id: exampleId('BlockedHardware') },
  refuses: { 404: ['Blocked hardware not found'] },
};

@ApiTags('blocklist')
@ApiSecurity('admin_key')
@Requires('blocklist')
@Controller('admin/blocklist')
export class BlocklistController {
  constructor(private readonly blocklist: BlocklistService) {}

  @Get()
  @AdminLists('listBlockedHardware', BLOCKED_HARDWARE, {
    description: 'The machines that are refused whatever their license, with the reason of each.',
  })
  async list(@Query() query: BlocklistQuery) {
    const [rows, total] = await this.blocklist.list(query);
    return adminList(rows.map(blockedBody), total, query);
  }

  @Post()
  @AdminAnswers('blockHardware', BLOCKED_HARDWARE, {
    description:
      'No license answers that hardware from the very next call on; the seats it holds stay taken.',
    refuses: { 409: ['The hardware id has already been taken.'] },
  })
  async create(@Body() body: BlockHardware, @CurrentActor() actor: Actor) {
    return adminAnswer(blockedBody(await this.blocklist.create(body, actor)));
  }

  @Get(':id')
  @AdminAnswers('getBlockedHardware', BLOCKED_HARDWARE, {
    ...OF_ONE,
    description: 'One machine that is refused, and why.',
  })
  async get(@Param('id') id: string) {
    return adminAnswer(blockedBody(await this.blocklist.get(id)));
  }

  @Patch(':id')
  @AdminAnswers('updateBlockedHardware', BLOCKED_HARDWARE, {
    ...OF_ONE,
    description: 'Corrects the reason that was noted; the hardware stays refused.',
  })
  async update(@Param('id') id: string, @Body() body: UpdateBlockedHardware, @CurrentActor() actor: Actor) {
    return adminAnswer(blockedBody(await this.blocklist.update(id, body, actor)));
  }

  @Delete(':id')
  @AdminAnswers('unblockHardware', null, {
    ...OF_ONE,
    description: 'The hardware is answered again from the very next call on.',
  })
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.blocklist.remove(id, actor);
    return adminAnswer(null);
  }
}
