import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { generateSecret, isNonce } from '../../access/secret-tokens.js';
import { Sessions } from '../../access/sessions.js';
import { Clock } from '../../clock.js';
import { CONFIG, type Config } from '../../config.js';
import { holdLogin } from '../../database/logins.js';
import {
  deleteExpiredNonces,
  insertNonce,
  takeNonce,
  type PreparedLogin,
} from '../../database/sso-nonces.js';
import { inTransaction } from '../../database/statements.js';
import { recordUserEvent } from '../../database/user-events.js';
import type { Actor } from '../../domain/actor.js';
import { forbidden, notFound, unauthorized } from '../../http/errors.js';
import { Pepper } from '../../signing/data-keys.js';
import type { From } from '../from.js';
import type { Login } from '../login.service.js';
import type { MintRequest } from './sso.dto.js';

const SHORTEST_SECONDS = 30;
const LONGEST_SECONDS = 900;

export interface MintedNonce {
  readonly nonce: string;
  readonly consumeUrl: string;
  readonly expiresIn: number;
  readonly targetPath: string;
}

/** Whether a prepared log-in may still happen: the user may have become something else since. */
const isGood = ({ role, status, expiresAt }: PreparedLogin, now: Date): boolean =>
  role === 'customer' && status === 'active' && now < expiresAt;

/** Log-ins of customers that another system of the vendor has prepared. The nonce is the credential, and is good for once. */
@Injectable()
export class SsoService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sessions: Sessions,
    private readonly pepper: Pepper,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws ApiError 404 for no such user, 403 for one who is no customer or may not log in */
  async mint(body: MintRequest, actor: Actor): Promise<MintedNonce> {
    const now = this.clock.now();
    const expiresIn = Math.min(LONGEST_SECONDS, Math.max(SHORTEST_SECONDS, body.expires_in));
    const nonce = generateSecret('ssoNonce');
    await this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      const user = await holdLogin(run, body.username);
      if (user === null) throw notFound('User');
      if (user.role !== 'customer') throw forbidden('Cannot mint SSO for admin accounts');
      if (user.status !== 'active') throw forbidden('User is suspended');
      const reason = body.reason ?? null;
      await insertNonce(run, {
        hash: this.pepper.hash('sso-nonce', nonce),
        userId: user.userId,
        targetPath: body.target_path,
        reason,
        minter: { type: actor.type, id: actor.id },
        now,
        expiresAt: new Date(now.getTime() + expiresIn * 1_000),
      });
      await deleteExpiredNonces(run, now);
      await recordUserEvent(manager, actor, now, user, {
        action: 'sso.minted',
        details: { expires_in: expiresIn },
        personal: { reason, target_path: body.target_path },
      });
    });
    const consumeUrl = `${this.config.PUBLIC_URL}/sso/consume/${nonce}`;
    return { nonce, consumeUrl, expiresIn, targetPath: body.target_path };
  }

  /** Uses the nonce up. @throws ApiError 401 in the same words for one that is used, expired or unknown */
  async consume(nonce: string, from: From): Promise<Login & { readonly targetPath: string }> {
    if (!isNonce(nonce)) throw unauthorized('Invalid or expired nonce');
    const now = this.clock.now();
    const hash = this.pepper.hash('sso-nonce', nonce);
    const login = await this.dataSource.transaction(async (manager) => {
      const prepared = await takeNonce(await inTransaction(manager), hash);
      if (prepared === null || !isGood(prepared, now)) return null;
      const { userId, customerId, targetPath, minterType, minterId } = prepared;
      const token = await this.sessions.open(manager, {
        userId,
        customerId,
        origin: 'sso',
        details: { minted_by_type: minterType, minted_by: minterId },
        now,
        ...from,
      });
      return { token, user: prepared, targetPath };
    });
    if (login === null) throw unauthorized('Invalid or expired nonce');
    return login;
  }
}
