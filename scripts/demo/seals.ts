import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';
import type { Report } from './report.ts';

/** What the service signs, each with a type of its own. */
const TYPES = {
  lease: 'mooring-lease+jwt',
  proof: 'mooring-proof+jwt',
  artifact: 'mooring-artifact+jwt',
} as const;

export type Sealed = keyof typeof TYPES;

/** Clocks of two machines may differ by so much. */
const TOLERANCE_SECONDS = 60;

/** Opens what the service has signed, with the keys that it publishes. */
export class Seals {
  private readonly keys: JSONWebKeySet;
  private readonly report: Report;
  private readonly keySet: ReturnType<typeof createLocalJWKSet>;
  private knownIssuer: string | undefined;

  /** An `issuer` that is not known is whoever signs first. */
  constructor(keys: JSONWebKeySet, { issuer, report }: { issuer: string | undefined; report: Report }) {
    this.keys = keys;
    this.knownIssuer = issuer;
    this.report = report;
    this.keySet = createLocalJWKSet(keys);
  }

  /** Who signs all of it: the address under which panels reach the service. */
  get issuer(): string {
    return this.knownIssuer ?? '';
  }

  /** The claims of a compact JWS, once its key, type, issuer, signature and times have been found right. */
  async open(kind: Sealed, jws: string): Promise<JWTPayload> {
    const claim = `the ${kind} is signed by a published key, as ${TYPES[kind]}`;
    try {
      const { payload, protectedHeader } = await jwtVerify(jws, this.keySet, {
        algorithms: ['EdDSA'],
        typ: TYPES[kind],
        issuer: this.knownIssuer,
        requiredClaims: ['iss', 'iat'],
        clockTolerance: TOLERANCE_SECONDS,
      });
      const { kid } = protectedHeader;
      const isNamed = this.keys.keys.some((key) => kid !== undefined && key.kid === kid);
      this.report.check(claim, isNamed);
      const age = Date.now() / 1_000 - (payload.iat ?? 0);
      this.report.check(`the ${kind} is of now`, Math.abs(age) <= TOLERANCE_SECONDS + 1);
      this.knownIssuer = payload.iss;
      return payload;
    } catch (error) {
      if ((error as { code?: unknown }).code === undefined) throw error;
      return this.report.fail(claim, (error as Error).message, 'a good signature');
    }
  }
}
