import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Vault } from '../../signing/vault.js';

const SECRET_BYTES = 32;

/** A secret as it is shown, once, and as it is kept. */
export interface DrawnSecret {
  readonly shown: string;
  readonly sealed: Buffer;
}

/** Draws what messages are signed with, in the form of Standard Webhooks. */
@Injectable()
export class WebhookSecrets {
  constructor(private readonly vault: Vault) {}

  draw(webhookId: string): DrawnSecret {
    const secret = randomBytes(SECRET_BYTES);
    return {
      shown: `whsec_${secret.toString('base64')}`,
      sealed: this.vault.seal('webhook-secret', webhookId, secret),
    };
  }
}
