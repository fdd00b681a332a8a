import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { WEBHOOK, WEBHOOK_WITH_SECRET, webhookBody, webhookWithSecretBody } from './webhook-body.js';
import { CreateWebhook, RotateSecret, UpdateWebhook, WebhooksQuery } from './webhooks.dto.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('webhooks')
@ApiSecurity('admin_key')
@Requires('webhooks')
@Controller('admin/webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Get()
  @AdminLists('listWebhooks', WEBHOOK, {
    description: 'Those that are disabled say why; secrets are not told.',
  })
  async list(@Query() query: WebhooksQuery) {
    const [rows, total] = await this.webhooks.list(query);
    return adminList(rows.map(webhookBody), total, query);
  }

  @Post()
  @AdminAnswers('createWebhook', WEBHOOK_WITH_SECRET, {
    description:
      'Changes are told from now on, at least once and in no promised order. The answer is the only one that holds the secret. A name that can’t be resolved at the moment is accepted; where it leads is judged again at every attempt.',
  })
  async create(@Body() body: CreateWebhook, @CurrentActor() actor: Actor) {
    return adminAnswer(webhookWithSecretBody(await this.webhooks.create(body, actor)));
  }

  @Get(':id')
  @AdminAnswers('getWebhook', WEBHOOK, {
    description: 'What it is told of, and whether and why it is disabled.',
  })
  async get(@Param('id') id: string) {
    return adminAnswer(webhookBody(await this.webhooks.get(id)));
  }

  @Patch(':id')
  @AdminAnswers('updateWebhook', WEBHOOK, {
    description:
      'While it is disabled no event is kept for it, and deliveries that are pending wait. Enabling it forgets why it was disabled.',
    sends: { enabled: true },
  })
  async update(@Param('id') id: string, @Body() body: UpdateWebhook, @CurrentActor() actor: Actor) {
    return adminAnswer(webhookBody(await this.webhooks.update(id, body, actor)));
  }

  @Delete(':id')
  @AdminAnswers('deleteWebhook', null, {
    description: 'With its deliveries, those that are pending included.',
  })
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.webhooks.remove(id, actor);
    return adminAnswer(null);
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @AdminAnswers('rotateWebhookSecret', WEBHOOK_WITH_SECRET, {
    description:
      'During the overlap messages carry a signature of each secret. The answer is the only one that holds the new one.',
  })
  async rotateSecret(@Param('id') id: string, @Body() body: RotateSecret, @CurrentActor() actor: Actor) {
    return adminAnswer(webhookWithSecretBody(await this.webhooks.rotateSecret(id, body, actor)));
  }
}
