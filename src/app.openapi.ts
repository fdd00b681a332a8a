import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { EVENTS } from './app.webhooks.js';
import { completeDocument, type FoundDocument } from './openapi/document.js';

const DESCRIPTION = `Licensing with hardware binding: seats, leases, updates.

Times are ISO 8601 in UTC, ids UUIDv7, versions SemVer 2.0, sizes bytes, durations seconds unless a name says otherwise.

Every refusal has the envelope of its plane, which the path alone decides: \`/license/*\`, \`/download/*\`, \`/admin/*\`, and
the panel plane for everything else. Clients ignore fields that they don't know: answers may grow. Requests may not hold
fields that are not documented. Every 429 and 503 says by \`Retry-After\` when to come back.

Changes on the admin plane take an \`Idempotency-Key\`, uploads excepted. PATCH and DELETE of one resource, \`/…/{id}\`, take its
\`ETag\` as \`If-Match\`; no other change does, be it a POST, a part of a resource or an upload. Where a change can't honor one of
these headers it is refused with 400 and has no effect. What only reads looks at neither.

\`x-permission\` is what an API key must hold, all of it where it is a list, \`x-rate-limit\` what a call is limited by:
what is counted, and the setting that says how many there may be.`;

/** What the tags gather, in the order in which they are shown. */
const TAGS = {
  license: 'What an installed panel asks; the license key is its credential.',
  download: 'Updates, and the files of releases.',
  products: 'What is sold.',
  policies: 'Tiers: defaults that are copied into licenses, and rules that are read live.',
  customers: 'Who licenses belong to.',
  licenses: 'Licenses and their seats.',
  versions: 'Releases and their files.',
  blocklist: 'Hardware that no license answers.',
  'api-keys': 'Credentials for programs.',
  users: 'People who log in.',
  webhooks: 'Subscriptions to events, and their deliveries.',
  audit: 'Who did what, in a sealed chain.',
  stats: 'Counts for a dashboard.',
  import: 'Licenses and seats from files.',
  export: 'Licenses and seats as files.',
  auth: 'Log in, and one\u2019s own account.',
  sso: 'Customers who come from the vendor\u2019s own system.',
  portal: 'What customers see of their own.',
  process: 'For whoever runs the service.',
};

/** The document as it is served and kept in docs/openapi.json. */
export function apiDocument(app: NestFastifyApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Mooring')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addSecurity('admin_key', {
      type: 'apiKey',
      in: 'header',
      name: 'X-Admin-Key',
      description: 'An API key, `mk_…`.',
    })
    .addSecurity('session_cookie', {
      type: 'apiKey',
      in: 'cookie',
      name: '__Host-mooring_session',
      description: 'Set by an SSO link; `mooring_session` where the service is reached over plain HTTP.',
    })
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A session, `ms_…`, or an API key.' });
  for (const [name, about] of Object.entries(TAGS)) builder.addTag(name, about);
  const found = SwaggerModule.createDocument(app, builder.build());
  return completeDocument(
    found as unknown as FoundDocument & Record<string, unknown>,
    EVENTS,
  ) as unknown as OpenAPIObject;
}

/** The OpenAPI document at /api/v1/openapi.json, rendered at /docs. */
export function serveApiDocument(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => apiDocument(app), {
    jsonDocumentUrl: 'api/v1/openapi.json',
    raw: ['json'],
    customSiteTitle: 'Mooring API',
    // The badge of Swagger's own service would tell it of every installation.
    swaggerOptions: { validatorUrl: 'none' },
  });
}
