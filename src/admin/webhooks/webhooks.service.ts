import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Outbound } from '../../access/outbound.js';
import { Clock } from '../../clock.js';
import { Webhook } from '../../database/entities/index.js';
import { ReadReplica } from '../../database/read-replica.js';
import type { Actor } from '../../domain/actor.js';
import { fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import { Records, type RecordKind } from '../records.js';
import type { WebhookWithSecret } from './webhook-body.js';
import { WebhookSecrets } from './webhook-secrets.js';
import type { CreateWebhook, RotateSecret, UpdateWebhook, WebhooksQuery } from './webhooks.dto.js';

const HOUR_MS = 3_600_000;

/** Of the URL the audit log has the origin alone: what follows it is often a secret. */
const WEBHOOKS: RecordKind<Webhook> = {
  entity: Webhook,
  subject: 'webhook',
  name: 'Webhook',
  identity: ({ url, events, enabled }) => ({ origin: new URL(url).origin, events, enabled }),
  personal: ['description'],
  withheld: ['url', 'sealedSecret', 'sealedPreviousSecret'],
  conflicts: {},
};

const SORTED = {
  created_at: 'record.createdAt',
  updated_at: 'record.updatedAt',
  url: 'record.url',
} as const satisfies Record<WebhooksQuery['order']['field'], string>;

const unique = (values: readonly string[]) => [...new Set(values)];

/** Enabling is a new start: why it was disabled, and how its receiver had done, is over. */
function enabling(enabled: boolean | undefined, row: Webhook): Partial<Webhook> {
  if (enabled === undefined || enabled === row.enabled) return {};
  return { enabled, disabledReason: null, ...(enabled && { failingSince: null, failures: 0 }) };
}

@Injectable()
export class WebhooksService {
  private readonly records: Records<Webhook>;

  constructor(
    dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly secrets: WebhookSecrets,
    private readonly outbound: Outbound,
    private readonly clock: Clock,
  ) {
    this.records = new Records(dataSource, WEBHOOKS);
  }

  list(query: WebhooksQuery): Promise<[Webhook[], number]> {
    return this.records.list(this.replica, query, {
      searched: ['record.url', 'record.description'],
      sorted: SORTED,
      filtered: { 'record.enabled': query.enabled },
    });
  }

  get(id: string): Promise<Webhook> {
    return this.records.get(id);
  }

  /** @throws ApiError 422 for a URL that leads to a private address */
  async create(body: CreateWebhook, actor: Actor): Promise<WebhookWithSecret> {
    await this.refusePrivate(body.url);
    const now = this.clock.now();
    const id = uuidv7();
    const { shown, sealed } = this.secrets.draw(id);
    const row: Webhook = {
      id,
      url: body.url,
      description: body.description ?? null,
      events: unique(body.events),
      enabled: body.enabled,
      disabledReason: null,
      sealedSecret: sealed,
      sealedPreviousSecret: null,
      previousSecretUntil: null,
      failingSince: null,
      failures: 0,
      isSlow: false,
      servedUntil: null,
      createdAt: now,
      updatedAt: now,
    };
    return { webhook: await this.records.insert(row, { actor, now }), secret: shown };
  }

  /** @throws ApiError 422 for a URL that leads to a private address */
  async update(id: string, body: UpdateWebhook, actor: Actor): Promise<Webhook> {
    if (body.url !== undefined) await this.refusePrivate(body.url);
    const changesOf = (row: Webhook) => ({
      url: body.url,
      description: body.description,
      events: body.events && unique(body.events),
      ...enabling(body.enabled, row),
    });
    return this.records.update(id, changesOf, { actor, now: this.clock.now() });
  }

  /** With its deliveries: what was not sent yet is not sent any more. */
  remove(id: string, actor: Actor): Promise<void> {
    return this.records.remove(id, { actor, now: this.clock.now() });
  }

  /** The secret before the last one ends at once: two are the most that a receiver has to try. */
  async rotateSecret(id: string, { overlap_hours }: RotateSecret, actor: Actor): Promise<WebhookWithSecret> {
    const now = this.clock.now();
    const until = overlap_hours === 0 ? null : new Date(now.getTime() + overlap_hours * HOUR_MS);
    const { shown, sealed } = this.secrets.draw(id);
    const webhook = await this.records.update(
      id,
      (row) => ({
        sealedSecret: sealed,
        sealedPreviousSecret: until && row.sealedSecret,
        previousSecretUntil: until,
      }),
      { actor, now },
      'secret_rotated',
    );
    return { webhook, secret: shown };
  }

  private async refusePrivate(url: string): Promise<void> {
    if (await this.outbound.isPrivate(new URL(url))) {
      throw fieldErrors({ url: [sentence('publicUrl', 'url')] });
    }
  }
}
