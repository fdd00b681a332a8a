import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import { ReadReplica } from '../../database/read-replica.js';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { VERSION, versionBody } from './bodies.js';
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
    private readonly replica: ReadReplica,
  ) {}

  @Get()
  @AdminLists('listVersions', VERSION, {
    description: 'Drafts and yanked ones included, whatever panels may see.',
  })
  async list(@Query() query: VersionsQuery) {
    const [versions, total] = await this.replica.read(({ manager }) => listVersions(manager, query));
    return adminList(versions.map(versionBody), total, query);
  }

  @Post()
  @AdminAnswers('createVersion', VERSION, {
    description: 'Begins a draft: no panel sees it before it is published.',
    refuses: { 409: ['The version has already been taken.'] },
  })
  async create(@Body() body: CreateVersion, @CurrentActor() actor: Actor) {
    return adminAnswer(versionBody(await this.versions.create(body, actor)));
  }

  @Get(':id')
  @AdminAnswers('getVersion', VERSION, { description: 'With its state and how far it is rolled out.' })
  async get(@Param('id') id: string) {
    return adminAnswer(versionBody(await this.versions.get(id)));
  }

  @Patch(':id')
  @AdminAnswers('updateVersion', VERSION, {
    description:
      'Channel and release date are fixed once it is published; of a yanked one all but the changelog.',
    sends: { changelog: 'Faster, and easier on memory.' },
    refuses: { 409: ["The channel of a published version can't be changed"] },
  })
  async update(@Param('id') id: string, @Body() body: UpdateVersion, @CurrentActor() actor: Actor) {
    return adminAnswer(versionBody(await this.versions.update(id, body, actor)));
  }

  @Delete(':id')
  @AdminAnswers('deleteVersion', null, {
    description: 'Deletes a draft with its artifacts.',
    refuses: { 409: ['Version is published: only a draft can be deleted'] },
  })
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.versions.remove(id, actor);
    return adminAnswer(null);
  }

  @Post(':id/publish')
  @HttpCode(200)
  @AdminAnswers('publishVersion', VERSION, {
    description: 'Offers a draft that has an artifact to the panels.',
    refuses: { 409: ['Version has no artifact', 'Version is published: only a draft can be published'] },
  })
  async publish(@Param('id') id: string, @CurrentActor() actor: Actor) {
    return adminAnswer(versionBody(await this.versions.publish(id, actor)));
  }

  @Post(':id/yank')
  @HttpCode(200)
  @AdminAnswers('yankVersion', VERSION, {
    description: 'Takes a published version back for good; its download tokens end at once.',
    refuses: { 409: ['Version is draft: only a published version can be yanked'] },
  })
  async yank(@Param('id') id: string, @CurrentActor() actor: Actor) {
    return adminAnswer(versionBody(await this.versions.yank(id, actor)));
  }

  @Post(':id/rollout')
  @HttpCode(200)
  @AdminAnswers('rollOutVersion', VERSION, {
    description: 'Offers it to more panels, or holds it back from those who have not got it yet.',
    refuses: { 409: ["The rollout percent of a yanked version can't be changed"] },
  })
  async rollout(@Param('id') id: string, @Body() body: Rollout, @CurrentActor() actor: Actor) {
    return adminAnswer(versionBody(await this.versions.rollout(id, body, actor)));
  }
}
