import { Body, Controller, Header, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
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

  /** What the panel may update to. */
  @Post('check-update')
  @HttpCode(200)
  checkUpdate(@Body() body: CheckUpdateRequest, @Req() http: FastifyRequest) {
    return this.updates.check(body, http.ip);
  }

  /** A token for one file. With an API key that may download, and without hardware, it is for a first install. */
  @Post('token')
  @Header('Cache-Control', 'no-store')
  @ApiSecurity('admin_key')
  @UseGuards(TokenBodyGuard)
  token(@Body() body: TokenRequest, @Req() http: FastifyRequest) {
    return this.tokens.mint(body, http.ip);
  }
}
