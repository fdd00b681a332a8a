import { Controller, Delete, Get, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { StreamedBody, streamOf } from '../../http/streamed-body.js';
import { ArtifactsQuery, UploadQuery } from './artifacts.dto.js';
import { ArtifactsService } from './artifacts.service.js';
import { ARTIFACT, artifactBody } from './bodies.js';

@ApiTags('versions')
@ApiSecurity('admin_key')
@Requires('versions')
@Controller('admin/versions/:id/artifacts')
export class ArtifactsController {
  constructor(private readonly artifacts: ArtifactsService) {}

  @Get()
  @AdminLists('listArtifacts', ARTIFACT, {
    description: 'The files of the version, one for a platform and architecture, each with its hash.',
  })
  async list(@Param('id') id: string, @Query() query: ArtifactsQuery) {
    const [rows, total] = await this.artifacts.list(id, query);
    return adminList(rows.map(artifactBody), total, query);
  }

  @Post()
  @StreamedBody()
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string' } })
  @AdminAnswers('uploadArtifact', ARTIFACT, {
    description: "The file's raw bytes. A version has one file for a platform and architecture.",
    sends: 'the bytes of a release',
    refuses: {
      400: ['The file is empty', 'The upload broke off'],
      409: [
        'An artifact for this platform and architecture already exists',
        'Version is yanked: it takes no more artifacts',
      ],
    },
  })
  async upload(
    @Param('id') id: string,
    @Query() query: UploadQuery,
    @Req() request: FastifyRequest,
    @CurrentActor() actor: Actor,
  ) {
    return adminAnswer(artifactBody(await this.artifacts.upload(id, query, streamOf(request), actor)));
  }

  @Delete(':artifact_id')
  @AdminAnswers('deleteArtifact', null, {
    description: 'Deletes an artifact of a draft.',
    refuses: { 409: ["Version is published: only a draft's artifacts can be deleted"] },
  })
  async remove(
    @Param('id') id: string,
    @Param('artifact_id') artifactId: string,
    @CurrentActor() actor: Actor,
  ) {
    await this.artifacts.remove(id, artifactId, actor);
    return adminAnswer(null);
  }
}
