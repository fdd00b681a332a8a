import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { completeDocument, type FoundDocument } from './openapi/document.js';

const DESCRIPTION = `Licensing with hardware binding: seats, leases, updates.

Every refusal has the envelope of its plane, which the path alone decides: \`/license/*\`, \`/download/*\`, \`/admin/*\`, and
the panel plane for everything else. Clients ignore fields that they don't know: answers may grow. Requests may not hold
fields that are not documented.`;

/** The document as it is served and kept in docs/openapi.json. */
export function apiDocument(app: NestFastifyApplication): OpenAPIObject {
  const description = new DocumentBuilder()
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
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A session, `ms_…`, or an API key.' })
    .build();
  const found = SwaggerModule.createDocument(app, description);
  return completeDocument(
    found as unknown as FoundDocument & Record<string, unknown>,
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
