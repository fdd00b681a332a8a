import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { API_KEY, apiKeyBody, NEW_API_KEY, newApiKeyBody } from './api-key-body.js';
import { CurrentAsker, type Asker } from '../asker.js';
import { ApiKeysQuery, CreateApiKey, UpdateApiKey } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';

const UNKNOWN = { 404: ['API key not found'] };
const BEYOND = { 403: ["API key cannot grant 'products:write'"] };
const UNLIMITED = {
  403: [
    ...BEYOND[403],
    'API key cannot grant a later end than its own',
    'API key cannot grant addresses beyond its own',
    'API key cannot grant a higher rate limit than its own',
  ],
};

@ApiTags('api-keys')
@ApiSecurity('admin_key')
@Requires('api-keys')
@Controller('admin/api-keys')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Get()
  @AdminLists('listApiKeys', API_KEY, {
    description: 'With what each may do, and when it was last used; never with the key itself.',
  })
  async list(@Query() query: ApiKeysQuery) {
    const [rows, total] = await this.apiKeys.list(query);
    return adminList(rows.map(apiKeyBody), total, query);
  }

  @Post()
  @AdminAnswers('createApiKey', NEW_API_KEY, {
    description:
      'The answer is the only one that holds the key itself. A key that is made by another has no more permissions, and no fewer limits, than that has.',
    refuses: UNLIMITED,
  })
  async create(@Body() body: CreateApiKey, @CurrentAsker() asker: Asker) {
    const { row, key } = await this.apiKeys.create(body, asker);
    return adminAnswer(newApiKeyBody(row, key));
  }

  @Get(':id')
  @AdminAnswers('getApiKey', API_KEY, {
    description:
      'What the key may do, and when it was last used; the key itself is told once, when it is made.',
    refuses: UNKNOWN,
  })
  async get(@Param('id') id: string) {
    return adminAnswer(apiKeyBody(await this.apiKeys.get(id)));
  }

  @Patch(':id')
  @AdminAnswers('updateApiKey', API_KEY, {
    description: '`expires_in` counts from now.',
    sends: { enabled: true, rate_limit: 600 },
    refuses: { ...UNKNOWN, ...UNLIMITED },
  })
  async update(@Param('id') id: string, @Body() body: UpdateApiKey, @CurrentAsker() asker: Asker) {
    return adminAnswer(apiKeyBody(await this.apiKeys.update(id, body, asker)));
  }

  @Delete(':id')
  @AdminAnswers('deleteApiKey', null, {
    description: 'The key is refused from the very next call.',
    refuses: { ...UNKNOWN, ...BEYOND },
  })
  async remove(@Param('id') id: string, @CurrentAsker() asker: Asker) {
    await this.apiKeys.remove(id, asker);
    return adminAnswer(null);
  }
}
