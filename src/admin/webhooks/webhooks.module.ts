import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/access.module.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveriesService } from './deliveries.service.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

/** Who is told of what, and what came of it. The telling itself is `src/webhooks`. */
@Module({
  imports: [AccessModule],
  controllers: [WebhooksController, DeliveriesController],
  providers: [WebhooksService, DeliveriesService, WebhookSecrets],
})
export class AdminWebhooksModule {}
