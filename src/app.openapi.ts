import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** The OpenAPI document at /api/v1/openapi.json, rendered at /docs. */
export function serveApiDocument(app: NestFastifyApplication): void {
  const description = new DocumentBuilder()
    .setTitle('Mooring')
    .setDescription('Licensing with hardware binding: seats, leases, updates.')
    .setVersion('1')
    .addSecurity('admin_key', { type: 'apiKey', in: 'header', name: 'X-Admin-Key' })
    .addBearerAuth()
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description), {
    jsonDocumentUrl: 'api/v1/openapi.json',
    raw: ['json'],
  });
}
