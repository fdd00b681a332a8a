import * as v from 'valibot';
import type { AgentState } from './state.js';

const time = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text))),
);
const optionalTime = v.nullable(time);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const jwk = v.object({ kty: v.literal('OKP'), crv: v.literal('Ed25519'), x: v.string(), kid: v.string() });

const refusal = v.object({
  code: v.string(),
  error: v.string(),
  details: v.nullable(v.record(v.string(), v.array(v.string()))),
  at: time,
  proof: v.string(),
});

const license = v.object({
  key: v.nullable(v.string()),
  maskedKey: v.string(),
  licenseId: v.string(),
  lease: v.nullable(v.string()),
  leaseId: v.nullable(v.string()),
  seq: count,
  refusal: v.nullable(refusal),
  mustActivate: v.boolean(),
  activatedAt: time,
});

const state = v.object({
  format: v.literal(1),
  server: v.nullable(v.string()),
  hardware: v.object({
    id: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    recipe: v.picklist(['machine-id', 'machine-id+seed', 'seed']),
  }),
  issuer: v.nullable(v.string()),
  pins: v.array(jwk),
  license: v.nullable(license),
  contact: v.object({
    answeredAt: optionalTime,
    triedAt: optionalTime,
    version: v.nullable(v.string()),
    failures: count,
    failure: v.nullable(v.string()),
    notBefore: optionalTime,
    keysAt: optionalTime,
  }),
  time: v.object({ lastSeenAt: time, offsetMs: v.number() }),
}) satisfies v.GenericSchema<unknown, AgentState>;

/** Whether this is a state as this version of the agent writes it. */
export function isAgentState(value: unknown): value is AgentState {
  return v.is(state, value);
}
