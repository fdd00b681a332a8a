import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import { Answers } from '../http/api-doc.js';
import { UNAVAILABLE } from '../http/errors.js';
import { always, flag, number, object, optional, type Wire } from '../http/shapes.js';
import { DatabaseHealth } from './database-health.js';

const LIVE = object({ status: always('ok') });

const UP = object({
  database: object({
    status: always('up'),
    responseTime: number({ example: 2, description: 'Milliseconds.' }),
    cachedResponse: optional(flag({ example: true, description: 'Asked within the last second.' })),
  }),
});
const READY = object({ status: always('ok'), info: UP, error: object({}), details: UP });

@ApiTags('process')
@Controller('health')
export class HealthController {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly database: DatabaseHealth,
  ) {}

  @Get('live')
  @Answers(
    'getLiveness',
    { 200: LIVE },
    {
      description:
        'Whether the process answers at all. It says nothing of the database: restarting would not bring that back.',
    },
  )
  live(): Wire<typeof LIVE> {
    return { status: 'ok' };
  }

  @Get('ready')
  @Answers(
    'getReadiness',
    { 200: READY },
    {
      description:
        'Whether to send requests here: 503 while the database is away, and once the service is stopping.',
      refuses: { 503: [UNAVAILABLE] },
    },
  )
  @HealthCheck({ swaggerDocumentation: false })
  ready() {
    return this.checks.check([() => this.database.check()]);
  }
}
