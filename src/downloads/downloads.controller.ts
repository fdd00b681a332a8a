import { Body, Controller, Header, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { EXAMPLE_HARDWARE, EXAMPLE_LICENSE_KEY } from '../http/examples.js';
import { Answers } from '../http/api-doc.js';
import { DOWNLOAD_TOKEN } from '../access/download-answer.js';
import { UPDATE } from './answers.js';
import { CheckUpdateRequest, TokenRequest } from './downloads.dto.js';
import { TokenBodyGuard } from './token-body.guard.js';
import { TokensService } from './tokens.service.js';
import { UpdatesService } from './updates.service.js';

@ApiTags('download')
@Controller('download')
export class DownloadsController {
  constructor(
    private readonly updates: UpdatesService,
    private readonly tokens: TokensService,
  ) {}

  @Post('check-update')
  @HttpCode(200)
  @Answers(
    'checkUpdate',
    { 200: UPDATE },
    { description: 'What the panel may update to.', refuses: { 401: ['Invalid license'] } },
  )
  checkUpdate(@Body() body: CheckUpdateRequest, @Req() http: FastifyRequest) {
    return this.updates.check(body, http.ip);
  }

  @Post('token')
  @Answers(
    'createDownloadToken',
    { 201: DOWNLOAD_TOKEN },
    {
      description:
        'A token for one file. With an API key that holds `downloads:write`, and without `hardware_id` and ' +
        '`current_version`, it is for a first install.',
      sends: {
        license_key: EXAMPLE_LICENSE_KEY,
        hardware_id: EXAMPLE_HARDWARE,
        current_version: '1.0.0',
        platform: 'linux',
        arch: 'x64',
      },
      refuses: {
        401: ['Invalid license', 'Invalid or missing API key'],
        403: ['Updates expired', 'Version too low', "API key is not scoped for 'downloads'"],
        404: ['Version not found', 'Artifact not found'],
      },
    },
  )
  @Header('Cache-Control', 'no-store')
  @ApiSecurity({})
  @ApiSecurity('admin_key')
  @UseGuards(TokenBodyGuard)
  token(@Body() body: TokenRequest, @Req() http: FastifyRequest) {
    return this.tokens.mint(body, http.ip);
  }
}
