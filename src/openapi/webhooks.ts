import { exampleHash, exampleId } from '../http/examples.js';
import { always, instant, object, type JsonSchema, type Shape } from '../http/shapes.js';

/** An event as receivers hear of it. */
export interface EventDoc {
  readonly data: Shape;
  readonly when: string;
}

export type EventDocs = Readonly<Record<string, EventDoc>>;

const header = (name: string, description: string, example: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
  example,
});

const SIGNATURE = `v1,${Buffer.from(exampleHash('signature'), 'hex').toString('base64')}`;

/** As https://www.standardwebhooks.com has them. */
const HEADERS = [
  header(
    'webhook-id',
    'The event: the same at every try, so that a receiver knows what it has had.',
    exampleId('Event'),
  ),
  header('webhook-timestamp', 'When it was sent, in Unix seconds.', '1772355600'),
  header(
    'webhook-signature',
    'HMAC-SHA-256 over `id.timestamp.body`, one for each secret in force.',
    SIGNATURE,
  ),
];

function webhookOf(type: string, { data, when }: EventDoc) {
  const { schema, example } = object({ type: always(type), timestamp: instant(), data });
  return {
    post: {
      operationId: type.replace(/[._](\w)/g, (_, letter: string) => letter.toUpperCase()).concat('Event'),
      summary: when,
      tags: ['webhooks'],
      security: [],
      parameters: HEADERS,
      requestBody: { required: true, content: { 'application/json': { schema, example } } },
      responses: {
        '2XX': { description: 'Taken.' },
        default: { description: 'Sent again later, for about a day.' },
      },
    },
  };
}

/** The `webhooks` of the document. */
export const webhooksOf = (events: EventDocs): Record<string, object> =>
  Object.fromEntries(Object.entries(events).map(([type, event]) => [type, webhookOf(type, event)]));

export const componentsOfEvents = (events: EventDocs): readonly Readonly<Record<string, JsonSchema>>[] =>
  Object.values(events).map(({ data }) => data.components);
