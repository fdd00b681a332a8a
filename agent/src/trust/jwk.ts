/** A public Ed25519 key as the service publishes it; `kid` is its RFC 7638 thumbprint. */
export interface Jwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
}

/** A key in the published set, with what earlier keys say of it. */
export interface PublishedKey extends Jwk {
  /** Each a `mooring-key+jwt` by the key that its header names, whose `sub` is this key's thumbprint. */
  readonly endorsements: readonly string[];
}
