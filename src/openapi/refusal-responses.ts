import { VERDICTS } from '../domain/verdicts.js';
import { ENVELOPES } from '../http/envelopes.js';
import type { Plane } from '../http/planes.js';
import type { Call } from './call.js';
import { headersOf, ownHeaders, referTo } from './headers.js';
import { refusalName } from './refusal-schemas.js';
import { refusalsOf, usual, type Refusal } from './refusals.js';
import { slug } from './slug.js';

/** A response of the document. */
export interface RefusalResponse {
  readonly description: string;
  readonly [member: string]: unknown;
}

/** A response with what comes first in its name, should it be shared. */
export interface NamedResponse {
  readonly prefix: string;
  readonly response: RefusalResponse;
}

const bodyOf = (plane: Plane, refusal: Refusal) =>
  ENVELOPES[plane]({ details: undefined, ...refusal, headers: {}, cause: null });

/** A verdict is known by its code, any other refusal by its sentence. */
const exampleName = ({ code, error }: Refusal): string => (code in VERDICTS ? code : slug(error));

function responseOf(call: Call, status: number, refusals: readonly Refusal[]): RefusalResponse {
  const { plane } = call;
  const codes = [...new Set(refusals.map(({ code }) => code))];
  const base = { $ref: `#/components/schemas/${refusalName(plane)}` };
  const examples = refusals.map((each) => [exampleName(each), { value: bodyOf(plane, each) }]);
  return {
    description: refusals.map(({ error }) => error).join(' · '),
    headers: { ...referTo(headersOf(call, status)), ...ownHeaders(call, status) },
    content: {
      'application/json': {
        schema:
          plane === 'download'
            ? base
            : { type: 'object', allOf: [base], properties: { code: { enum: codes } } },
        examples: Object.fromEntries(examples),
      },
    },
  };
}

/** What HTTP itself is refused with, by whatever call: a request that takes too long, a header too large and so on. */
function otherResponse(plane: Plane): RefusalResponse {
  const [late] = usual(408);
  return {
    description: 'Any other refusal',
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${refusalName(plane)}` },
        example: late && bodyOf(plane, late),
      },
    },
  };
}

/** All that a call may be refused with, by status; `default` stands for what is no call's own. */
export function refusalResponses(call: Call): ReadonlyMap<string, NamedResponse> {
  const prefix = `${call.segment ?? call.plane}${call.isRepeatable ? '-change' : ''}`;
  const responses = [...refusalsOf(call)].map(([status, refusals]): [string, NamedResponse] => {
    const response = responseOf(call, status, refusals);
    return [String(status), { prefix: `${prefix}-${status}`, response }];
  });
  const other: [string, NamedResponse] = [
    'default',
    { prefix: call.plane, response: otherResponse(call.plane) },
  ];
  return new Map(call.segment === null ? responses : [...responses, other]);
}
