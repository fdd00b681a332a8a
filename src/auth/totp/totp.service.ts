import { Injectable } from '@nestjs/common';
import QRCode from 'qrcode';
import { DataSource, type EntityManager } from 'typeorm';
import { sessionActor, type PersonalActor, type SessionRequest } from '../../access/session.guard.js';
import { Clock } from '../../clock.js';
import { poolOf } from '../../database/data-source.js';
import { findLoginById, type LoginFacts } from '../../database/logins.js';
import {
  clearSecondFactor,
  countRecoveryCodes,
  enableSecondFactor,
  keepPendingSecret,
  replaceRecoveryCodes,
} from '../../database/second-factors.js';
import { deleteSessionsOf } from '../../database/sessions.js';
import { inTransaction, onPool, type Run } from '../../database/statements.js';
import { recordUserEvent } from '../../database/user-events.js';
import { conflict, fieldErrors, unauthorized } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import { Reauthentication } from '../reauthentication.js';
import { generateRecoveryCodes, normalizedRecoveryCode } from './recovery-codes.js';
import { SecondFactor } from './second-factor.js';
import type { ProveFactor } from './totp.dto.js';
import { enrolment, generateTotpSecret, matchedStep } from './totp-code.js';

export interface Enrolment {
  readonly secret: string;
  readonly url: string;
  /** A picture of `url` as a data URL. */
  readonly picture: string;
}

export interface FactorState {
  readonly enabled: boolean;
  readonly recoveryCodesLeft: number;
}

const alreadyOn = () => conflict('Two-factor authentication is already on');
const notOn = () => conflict('Two-factor authentication is not on');

/** What users do with their own second factor. */
@Injectable()
export class TotpService {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly secondFactor: SecondFactor,
    private readonly reauthentication: Reauthentication,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  async state(userId: string): Promise<FactorState> {
    const user = await this.find(userId);
    return {
      enabled: user.totpEnabledAt !== null,
      recoveryCodesLeft: await countRecoveryCodes(this.pool, userId),
    };
  }

  /**
   * A secret that counts once a code of it was shown; the next one takes its place.
   * @throws ApiError 401 for a wrong password; 409 when one counts already, and for a user who has no password to stand before it
   */
  async enroll(password: string, actor: PersonalActor): Promise<Enrolment> {
    if ((await this.find(actor.id)).passwordHash === null) {
      throw conflict('Two-factor authentication needs a password');
    }
    const { username } = await this.reauthentication.confirm(password, actor, this.clock.now());
    const secret = generateTotpSecret();
    const told = enrolment(secret, username);
    const picture = await QRCode.toDataURL(told.url, { errorCorrectionLevel: 'M' });
    const kept = await keepPendingSecret(this.pool, actor.id, this.secondFactor.seal(actor.id, secret));
    if (!kept) throw alreadyOn();
    return { ...told, picture };
  }

  /** Turns it on, ends every other session and answers the recovery codes. @throws FieldErrors for a wrong code; ApiError 409 */
  async confirm(code: string, request: SessionRequest): Promise<string[]> {
    const actor = sessionActor(request);
    const now = this.clock.now();
    const user = await this.find(actor.id);
    if (user.totpEnabledAt !== null) throw alreadyOn();
    if (user.totpSecret === null) throw conflict('Two-factor authentication has not been begun');
    const step = matchedStep(this.secondFactor.open(user.userId, user.totpSecret), code, now);
    if (step === null) throw fieldErrors({ code: [sentence('selected', 'code')] });
    const factor = { userId: user.userId, sealed: user.totpSecret, now, step };
    return this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      if (!(await enableSecondFactor(run, factor))) throw alreadyOn();
      // Whoever else is logged in has shown no second factor.
      await deleteSessionsOf(run, user.userId, request.session.sessionId);
      return this.giveRecoveryCodes(manager, user, 'user.two_factor_enabled', actor, now);
    });
  }

  /** @throws ApiError 401 for a wrong password or code; 409 when it is not on */
  async disable(proof: ProveFactor, actor: PersonalActor): Promise<void> {
    await this.proven(proof, actor, async (manager, user, now) => {
      await clearSecondFactor(await inTransaction(manager), user.userId);
      await recordUserEvent(manager, actor, now, user, { action: 'user.two_factor_disabled' });
    });
  }

  /** New recovery codes in the place of all that there were. @throws ApiError 401 for a wrong password or code; 409 when it is not on */
  async renewRecoveryCodes(proof: ProveFactor, actor: PersonalActor): Promise<string[]> {
    return this.proven(proof, actor, (manager, user, now) =>
      this.giveRecoveryCodes(manager, user, 'user.recovery_codes_renewed', actor, now),
    );
  }

  /** Does `work` in the transaction that uses the code up. */
  private async proven<T>(
    { password, code }: ProveFactor,
    actor: PersonalActor,
    work: (manager: EntityManager, user: LoginFacts, now: Date) => Promise<T>,
  ): Promise<T> {
    const now = this.clock.now();
    const user = await this.reauthentication.confirm(password, actor, now);
    if (user.totpEnabledAt === null) throw notOn();
    const proof = this.secondFactor.proofOf(user, code, now);
    const done =
      proof !== null &&
      (await this.dataSource.transaction(async (manager) => {
        const used = await this.secondFactor.use(await inTransaction(manager), user.userId, proof);
        return used && { result: await work(manager, user, now) };
      }));
    return done === false ? this.reauthentication.refuse(user, 'wrong code', actor, now) : done.result;
  }

  private async giveRecoveryCodes(
    manager: EntityManager,
    user: LoginFacts,
    action: string,
    actor: PersonalActor,
    now: Date,
  ): Promise<string[]> {
    const codes = generateRecoveryCodes();
    const hashes = codes.map((each) =>
      this.secondFactor.hashRecoveryCode(user.userId, normalizedRecoveryCode(each) ?? ''),
    );
    await replaceRecoveryCodes(await inTransaction(manager), user.userId, hashes);
    await recordUserEvent(manager, actor, now, user, { action });
    return codes;
  }

  private async find(userId: string): Promise<LoginFacts> {
    const user = await findLoginById(this.pool, userId);
    if (user === null) throw unauthorized('Missing authorization');
    return user;
  }
}
