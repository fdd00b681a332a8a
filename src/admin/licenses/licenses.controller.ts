import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { createdBody, licenseBody } from './license-body.js';
import { CreateLicense, LicensesQuery, UpdateLicense } from './licenses.dto.js';
import { LicensesService } from './licenses.service.js';

@ApiTags('licenses')
@ApiSecurity('admin_key')
@Requires('licenses')
@Controller('admin/licenses')
export class LicensesController {
  constructor(private readonly licenses: LicensesService) {}

  @Get()
  async list(@Query() query: LicensesQuery) {
    const [rows, total] = await this.licenses.list(query);
    return adminList(rows.map(licenseBody), total, query);
  }

  /** The answer is the only one that holds the keys themselves. */
  @Post()
  async create(@Body() body: CreateLicense, @CurrentActor() actor: Actor) {
    return adminAnswer(createdBody(body, await this.licenses.create(body, actor)));
  }

  @Get(':id')
  async get(@Param('id') id: string) {
    return adminAnswer(licenseBody(await this.licenses.get(id)));
  }

  /** Seats in use go on working when the limit is lowered below them. */
  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: UpdateLicense, @CurrentActor() actor: Actor) {
    return adminAnswer(licenseBody(await this.licenses.update(id, body, actor)));
  }

  /** For good, with its keys and seats; to refuse a panel and know why, revoke. */
  @Delete(':id')
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.licenses.remove(id, actor);
    return adminAnswer(null);
  }
}
