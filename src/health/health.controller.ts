import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import { DatabaseHealth } from './database-health.js';

@ApiTags('process')
@Controller('health')
export class HealthController {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly database: DatabaseHealth,
  ) {}

  /** Whether the process answers at all. It says nothing of the database: restarting would not bring that back. */
  @Get('live')
  live() {
    return { status: 'ok' };
  }

  /** Whether to send requests here: 503 while the database is away, and once the service is stopping. */
  @Get('ready')
  @HealthCheck({ swaggerDocumentation: false })
  ready() {
    return this.checks.check([() => this.database.check()]);
  }
}
