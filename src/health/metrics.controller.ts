import { Controller, Get, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { EXAMPLE_METRICS, renderMetrics } from '../metrics/metrics.js';
import { Answers } from '../http/api-doc.js';
import { content } from '../http/shapes.js';
import { MetricsGuard } from './metrics.guard.js';

@ApiTags('process')
@Controller('metrics')
@UseGuards(MetricsGuard)
export class MetricsController {
  @Get()
  @Answers(
    'getMetrics',
    { 200: content({ 'text/plain': EXAMPLE_METRICS }) },
    { description: 'For Prometheus: free on the machine itself, elsewhere with METRICS_TOKEN.' },
  )
  @ApiBearerAuth()
  async metrics(@Res({ passthrough: true }) reply: FastifyReply) {
    const { contentType, text } = await renderMetrics();
    void reply.header('content-type', contentType).header('cache-control', 'no-store');
    return text;
  }
}
