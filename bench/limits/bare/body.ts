/** What the bare server is sent: what the service makes of a panel's body. */
export interface Body {
  readonly key_hash: string;
  readonly hardware_id: string;
  readonly version: string;
}

/** What the facts are looked up by. */
export const factsQuery = (body: Body, now: Date, precedence: string | null = body.version) => ({
  by: { keyHash: Buffer.from(body.key_hash, 'hex') },
  hardwareId: body.hardware_id,
  precedence,
  now,
});

export const REPORT = {
  version: '1.0.0',
  hostname: null,
  platform: null,
  arch: null,
  usage: null,
  address: '127.0.0.1',
};
