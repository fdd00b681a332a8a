import { hash, randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { API, type Answer } from './client.ts';
import type { Machine } from './machines.ts';
import { PLATFORM } from './publish.ts';
import { FEATURES, LIMITS } from './sell.ts';
import type { Sale, Stage } from './stage.ts';

/** The default policy's lengths. */
const VALID_SECONDS = 72 * 3_600;
const GRACE_SECONDS = 14 * 86_400;

interface LicenseAnswer {
  readonly license: { readonly key: string; readonly activations: number };
  readonly activation: { readonly id: string; readonly hardware_id: string; readonly version: string };
  readonly check_in: {
    readonly refresh_after: string;
    readonly valid_until: string;
    readonly grace_until: string;
  };
  readonly lease: string;
  readonly proof: string;
}

interface Refusal {
  readonly valid: boolean;
  readonly code: string;
  readonly proof: string;
}

type Action = 'activate' | 'validate' | 'rebind';

interface Asked {
  readonly action: Action;
  readonly version: string;
  readonly more?: object;
}

const seconds = (time: unknown) => Date.parse(String(time)) / 1_000;

/** A panel on its machine: it believes no answer without a proof, and keeps the lease of the last good one. */
export class Panel {
  readonly machine: Machine;
  private readonly stage: Stage;
  private readonly sale: Sale;
  private lease: JWTPayload | null = null;

  constructor(stage: Stage, sale: Sale, machine: Machine) {
    this.stage = stage;
    this.sale = sale;
    this.machine = machine;
  }

  /** A call that is answered with a lease. */
  async granted(asked: Asked, status: number): Promise<LicenseAnswer> {
    const { report } = this.stage;
    const { answer, nonce } = await this.send<LicenseAnswer>(asked, status);
    const { body } = answer;
    await this.checkProof(asked, answer, { nonce, code: 'VALID' });
    report.check('the seat is of this hardware', body.activation.hardware_id, this.machine.hardwareId);
    report.check('the key in the answer is masked', body.license.key, maskOf(this.sale.licenseKey));
    await this.checkLease(body);
    return body;
  }

  /** A call that is refused, and proves it. */
  async refused(asked: Asked, code: string): Promise<void> {
    const { answer, nonce } = await this.send<Refusal>(asked, 403);
    const { valid, code: told } = answer.body;
    this.stage.report.check(`refused with ${code}`, { valid, code: told }, { valid: false, code });
    await this.checkProof(asked, answer, { nonce, code });
  }

  private async send<T>({ action, version, more = {} }: Asked, status: number) {
    const nonce = randomBytes(24).toString('base64url');
    const body = {
      license_key: this.sale.licenseKey,
      hardware_id: this.machine.hardwareId,
      version,
      product: this.sale.product,
      hostname: this.machine.name,
      ...PLATFORM,
      nonce,
      ...(this.lease !== null && { lease_id: this.lease.jti }),
      ...more,
    };
    const call = { method: 'POST', path: `${API}/license/${action}`, body, status } as const;
    return { answer: await this.stage.client.call<T>(call), nonce };
  }

  private async checkProof(
    { action, version }: Asked,
    { body, sent }: Answer<{ readonly proof: string }>,
    { nonce, code }: { readonly nonce: string; readonly code: string },
  ): Promise<void> {
    const { iss: _iss, iat: _iat, ...claims } = await this.stage.seals.open('proof', body.proof);
    this.stage.report.check(
      'the proof repeats the verdict, the nonce and the hash of the bytes sent',
      claims,
      {
        code,
        sub: this.sale.licenseId,
        action,
        hwid: this.machine.hardwareId,
        version,
        lease_id: this.lease?.jti ?? null,
        nonce,
        request_sha256: hash('sha256', sent),
      },
    );
  }

  private async checkLease({ lease, check_in }: LicenseAnswer): Promise<void> {
    const { report, seals } = this.stage;
    const claims = await seals.open('lease', lease);
    const { iat = 0, exp = 0, seq, refresh_after, grace_until } = claims;
    const { sub, hwid, product, tier, limits, features } = claims;
    const granted = { sub, hwid, product, tier, limits, features };
    report.check('the lease grants what was sold, on this hardware', granted, {
      sub: this.sale.licenseId,
      hwid: this.machine.hardwareId,
      product: this.sale.product,
      tier: this.sale.policy,
      limits: LIMITS,
      features: FEATURES,
    });
    const told = { refresh_after, valid_until: exp, grace_until };
    report.check('its times are those of check_in', told, {
      ...check_in,
      valid_until: seconds(check_in.valid_until),
    });
    const lengths = { valid: exp - iat, grace: seconds(grace_until) - iat };
    report.check('it lasts three days, and two weeks with a warning', lengths, {
      valid: VALID_SECONDS,
      grace: GRACE_SECONDS,
    });
    const isOrdered = iat < seconds(refresh_after) && seconds(refresh_after) < exp;
    report.check('it asks to be renewed before it ends', isOrdered);
    report.check('its sequence never goes down', Number(seq) >= Number(this.lease?.seq ?? 1));
    this.lease = claims;
  }
}

/** As the service shows a key. */
const maskOf = (key: string) => key.replace(/^(\w+)-.*-(\w+)$/, '$1-****-$2');
