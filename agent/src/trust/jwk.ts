/** A public Ed25519 key as the service publishes it; `kid` is its RFC 7638 thumbprint. */
export interface Jwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
}

/** A key in the published set, with what earlier keys say of it. */
export interface PublishedKey extends Jwk {
  /** `jws` is a `mooring-key+jwt` whose `sub` is this key's thumbprint, signed by the key `by`. */
  readonly endorsements: readonly { readonly by: string; readonly jws: string }[];
}
