import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

/** What every authenticator app understands. */
const PARAMETERS = { issuer: 'Mooring', algorithm: 'SHA1', digits: 6, period: 30 } as const;

/** A code before and one behind: clocks differ, and typing takes its time. */
const WINDOW = 1;

const CODE = /^\d{6}$/;

/** 160 bits, as RFC 4226 recommends. */
export const generateTotpSecret = (): Buffer => randomBytes(20);

const totp = (secret: Buffer, label?: string): TOTP =>
  new TOTP({
    ...PARAMETERS,
    secret: Secret.fromHex(secret.toString('hex')),
    ...(label !== undefined && { label }),
  });

/** The secret as people type it who can't scan, and the address that the QR code holds. */
export function enrolment(secret: Buffer, username: string): { secret: string; url: string } {
  const made = totp(secret, username);
  return { secret: made.secret.base32, url: made.toString() };
}

/** The time step that a code is of, one of three around `now`; null for a code of none. */
export function matchedStep(secret: Buffer, code: string, now: Date): number | null {
  const token = code.replaceAll(' ', '');
  if (!CODE.test(token)) return null;
  const timestamp = now.getTime();
  const made = totp(secret);
  const delta = made.validate({ token, timestamp, window: WINDOW });
  return delta === null ? null : made.counter({ timestamp }) + delta;
}
