import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { DeliveriesService } from './deliveries.service.js';
import { DELIVERY, DELIVERY_WITH_ATTEMPTS, deliveryBody, loggedDeliveryBody } from './delivery-body.js';
import { DeliveriesQuery } from './webhooks.dto.js';

const DISABLED = { 409: ['The webhook is disabled.'] };

@ApiTags('webhooks')
@ApiSecurity('admin_key')
@Requires('webhooks')
@Controller('admin/webhooks/:id')
export class DeliveriesController {
  constructor(private readonly deliveries: DeliveriesService) {}

  @Post('test')
  @AdminAnswers('testWebhook', DELIVERY, {
    description:
      'Sends a `ping`, whatever events the webhook names. Look at the delivery for what came of it.',
    refuses: DISABLED,
  })
  async test(@Param('id') id: string, @CurrentActor() actor: Actor) {
    return adminAnswer(deliveryBody(await this.deliveries.test(id, actor)));
  }

  @Get('deliveries')
  @AdminLists('listWebhookDeliveries', DELIVERY, { description: 'Kept for 30 days.' })
  async list(@Param('id') id: string, @Query() query: DeliveriesQuery) {
    const [rows, total] = await this.deliveries.list(id, query);
    return adminList(rows.map(deliveryBody), total, query);
  }

  @Get('deliveries/:delivery_id')
  @AdminAnswers('getWebhookDelivery', DELIVERY_WITH_ATTEMPTS, {
    description: 'The message with every attempt; of an answer its status alone is kept.',
  })
  async get(@Param('id') id: string, @Param('delivery_id') deliveryId: string) {
    return adminAnswer(loggedDeliveryBody(await this.deliveries.get(id, deliveryId)));
  }

  @Post('deliveries/:delivery_id/redeliver')
  @HttpCode(200)
  @AdminAnswers('redeliverWebhookDelivery', DELIVERY, {
    description:
      'Sends it again under the same `webhook-id`, with all its retries; one that is pending is tried at once.',
    refuses: DISABLED,
  })
  async redeliver(
    @Param('id') id: string,
    @Param('delivery_id') deliveryId: string,
    @CurrentActor() actor: Actor,
  ) {
    return adminAnswer(deliveryBody(await this.deliveries.redeliver(id, deliveryId, actor)));
  }
}
