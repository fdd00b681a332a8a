import { Injectable } from '@nestjs/common';
import type { LoginFacts } from '../../database/logins.js';
import { useRecoveryCode, useTotpStep } from '../../database/second-factors.js';
import type { Run } from '../../database/statements.js';
import { Pepper, type KeyHash } from '../../signing/data-keys.js';
import { Vault } from '../../signing/vault.js';
import { normalizedRecoveryCode } from './recovery-codes.js';
import { matchedStep } from './totp-code.js';

/** What a code may prove, if nobody has used it before. */
export type Proof =
  | { readonly kind: 'totp'; readonly step: number }
  | { readonly kind: 'recovery code'; readonly hash: KeyHash<'recovery-code'> };

/** The second factor of users who have one: a code of the moment, or one that was kept on paper. Each is taken once. */
@Injectable()
export class SecondFactor {
  constructor(
    private readonly pepper: Pepper,
    private readonly vault: Vault,
  ) {}

  seal(userId: string, secret: Buffer): Buffer {
    return this.vault.seal('totp-secret', userId, secret);
  }

  open(userId: string, sealed: Buffer): Buffer {
    return this.vault.open('totp-secret', userId, sealed);
  }

  /** The user is hashed along: two users may have the same code. */
  hashRecoveryCode(userId: string, normalized: string): KeyHash<'recovery-code'> {
    return this.pepper.hash('recovery-code', `${userId}\0${normalized}`);
  }

  /** Null for a text that can't be a code of this user at `now`. */
  proofOf({ userId, totpSecret }: LoginFacts, code: string, now: Date): Proof | null {
    const step = totpSecret === null ? null : matchedStep(this.open(userId, totpSecret), code, now);
    if (step !== null) return { kind: 'totp', step };
    const recovery = normalizedRecoveryCode(code);
    return recovery === null
      ? null
      : { kind: 'recovery code', hash: this.hashRecoveryCode(userId, recovery) };
  }

  /** Uses the code up; false when it was before, or never was one. Call it in the transaction of what it opens. */
  use(run: Run, userId: string, proof: Proof): Promise<boolean> {
    return proof.kind === 'totp'
      ? useTotpStep(run, userId, proof.step)
      : useRecoveryCode(run, userId, proof.hash);
  }
}
