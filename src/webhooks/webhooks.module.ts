import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { Courier } from './courier.js';
import { Messages } from './message.js';
import { Relay } from './relay.js';
import { WebhookRetention } from './retention.js';
import { Sender } from './sender.js';

/** From the outbox to the receivers. What is sent where is set on the admin plane. */
@Module({
  imports: [AccessModule],
  providers: [Relay, Courier, Messages, Sender, WebhookRetention],
})
export class WebhooksModule {}
