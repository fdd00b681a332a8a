import { VERDICTS } from '../domain/verdicts.js';
import { ERRORS } from '../http/errors.js';
import { FILE_REPORT } from '../http/file-report.js';
import type { Plane } from '../http/planes.js';
import { jws, type JsonSchema } from '../http/shapes.js';

export const PROOF = jws(
  'mooring-proof+jwt',
  'The verdict signed over the request; there when the request sent a nonce.',
);

const CODES = [...Object.keys(ERRORS), ...Object.keys(VERDICTS)];
const error = { type: 'string', description: 'What is wrong, in one sentence for people.' };
const code = { type: 'string', enum: CODES, description: 'What is wrong, for programs.' };
const details = {
  type: 'object',
  description: 'Each bad field with its messages in order.',
  additionalProperties: { type: 'array', items: { type: 'string' } },
};

const envelope = (properties: Record<string, unknown>, required: readonly string[]): JsonSchema => ({
  type: 'object',
  properties,
  required,
});

/** The envelopes of `src/http/envelopes.ts` as schemas, under the names of their components. */
export const REFUSAL_SCHEMAS = {
  license: envelope(
    {
      valid: { const: false },
      error,
      code,
      details,
      proof: PROOF.schema,
    },
    ['valid', 'error', 'code'],
  ),
  download: envelope({ error }, ['error']),
  admin: envelope(
    { success: { const: false }, error, code, details: { anyOf: [details, FILE_REPORT.schema] } },
    ['success', 'error', 'code'],
  ),
  panel: envelope(
    {
      success: { const: false },
      code,
      error,
      message: { ...error, description: 'The same as `error`.' },
      status: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status.' },
    },
    ['success', 'code', 'error', 'message', 'status'],
  ),
} as const satisfies Record<Plane, JsonSchema>;

export const refusalName = (plane: Plane): string =>
  `${plane.charAt(0).toUpperCase()}${plane.slice(1)}Refusal`;
