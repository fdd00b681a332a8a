import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { versionBody } from './bodies.js';
import { listVersions } from './version-rows.js';
import { CreateVersion, Rollout, UpdateVersion, VersionsQuery } from './versions.dto.js';
import { VersionsService } from './versions.service.js';

@ApiTags('versions')
@ApiSecurity('admin_key')
@Requires('versions')
@Controller('admin/versions')
export class VersionsController {
  constructor(
    private readonly versions: VersionsService,
    private readonly dataSource: DataSource,
  ) {}

  @Get()
  async list(@Query() query: VersionsQuery) {
    const [versions, total] = await listVersions(this.dataSource, query);
    return adminList(versions.map(versionBody), total, query);
  }

  /** Begins a draft: no panel sees it before it is published. */
  @Post()
  async create(@Body() body: CreateVersion, @CurrentActor() actor: Actor) {
    return adminAnswer(versionBody(await this.versions.create(body, actor)));
  }

  @Get(':id')
  async get(@Param('id') id: string) {
    return adminAnswer(versionBody(await this.versions.get(id)));
  }

  /** Channel and release date are fixed once it is published, and its rollout only grows. */
  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: UpdateVersion, @CurrentActor() actor: Actor) {
    return adminAnswer(versionBody(await this.versions.update(id, body, actor)));
  }

  /** Deletes a draft with its artifacts. */
  @Delete(':id')
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.versions.remove(id, actor);
    return adminAnswer(null);
  }

  /** Offers a draft that has an artifact to the panels. */
  @Post(':id/publish')
  @HttpCode(200)
  async publish(@Param('id') id: string, @CurrentActor() actor: Actor) {
    return adminAnswer(versionBody(await this.versions.publish(id, actor)));
  }

  /** Takes a published version back for good; its download tokens end at once. */
  @Post(':id/yank')
  @HttpCode(200)
  async yank(@Param('id') id: string, @CurrentActor() actor: Actor) {
    return adminAnswer(versionBody(await this.versions.yank(id, actor)));
  }

  /** Offers it to more panels. */
  @Post(':id/rollout')
  @HttpCode(200)
  async rollout(@Param('id') id: string, @Body() body: Rollout, @CurrentActor() actor: Actor) {
    return adminAnswer(versionBody(await this.versions.rollout(id, body, actor)));
  }
}
