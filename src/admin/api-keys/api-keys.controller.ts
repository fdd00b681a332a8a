import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Req } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { ApiKey } from '../../database/entities/index.js';
import { Requires } from '../../http/access.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { actorOf } from '../../http/principal.js';
import { ApiKeysQuery, CreateApiKey, UpdateApiKey } from './api-keys.dto.js';
import { ApiKeysService, type Asker } from './api-keys.service.js';

const askerOf = (request: FastifyRequest): Asker => ({
  actor: actorOf(request),
  permissions: request.principal?.permissions ?? [],
});

const apiKeyBody = (row: ApiKey) => ({
  id: row.id,
  name: row.name,
  key_prefix: row.keyPrefix,
  permissions: row.permissions,
  ip_whitelist: row.ipWhitelist,
  rate_limit: row.rateLimit,
  enabled: row.enabled,
  expires_at: row.expiresAt,
  last_used_at: row.lastUsedAt,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});

@ApiTags('api-keys')
@ApiSecurity('admin_key')
@Requires('api-keys')
@Controller('admin/api-keys')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Get()
  async list(@Query() query: ApiKeysQuery) {
    const [rows, total] = await this.apiKeys.list(query);
    return adminList(rows.map(apiKeyBody), total, query);
  }

  /** The answer is the only one that holds the key itself. */
  @Post()
  async create(@Body() body: CreateApiKey, @Req() request: FastifyRequest) {
    const { row, key } = await this.apiKeys.create(body, askerOf(request));
    return adminAnswer({ ...apiKeyBody(row), key });
  }

  @Get(':id')
  async get(@Param('id') id: string) {
    return adminAnswer(apiKeyBody(await this.apiKeys.get(id)));
  }

  /** `expires_in` counts from now. */
  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: UpdateApiKey, @Req() request: FastifyRequest) {
    return adminAnswer(apiKeyBody(await this.apiKeys.update(id, body, askerOf(request))));
  }

  /** The key is refused from the very next call. */
  @Delete(':id')
  async remove(@Param('id') id: string, @Req() request: FastifyRequest) {
    await this.apiKeys.remove(id, askerOf(request));
    return adminAnswer(null);
  }
}
