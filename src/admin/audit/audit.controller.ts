import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { AuditView } from '../../database/audit-views.js';
import { Requires } from '../../http/access.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { AuditQuery, VerifyAuditQuery } from './audit.dto.js';
import { AuditService } from './audit.service.js';
import type { Verification } from './verify.js';

const eventBody = (event: AuditView) => ({
  id: event.id,
  occurred_at: event.occurredAt,
  actor_type: event.actorType,
  actor_id: event.actorId,
  action: event.action,
  subject_type: event.subjectType,
  subject_id: event.subjectId,
  details: event.details,
  personal: event.personal,
  personal_erased: event.personalErased,
  request_id: event.requestId,
  seq: event.seq,
  sealed_at: event.sealedAt,
});

const verificationBody = ({ valid, checked, unsealed, head, problems, problemCount }: Verification) => ({
  valid,
  checked,
  unsealed,
  head,
  problem_count: problemCount,
  problems: problems.map(({ kind, seq, through, eventId }) => ({ kind, seq, through, event_id: eventId })),
});

@ApiTags('audit')
@ApiSecurity('admin_key')
@Requires('audit')
@Controller('admin/audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  async list(@Query() query: AuditQuery) {
    const [events, total] = await this.audit.list(query);
    return adminList(events.map(eventBody), total, query);
  }

  /** Checks the whole log against the chain that seals it, and names what was changed, removed or inserted. */
  @Get('verify')
  async verify(@Query() query: VerifyAuditQuery, @Req() { signal }: FastifyRequest) {
    return adminAnswer(verificationBody(await this.audit.verify(query, signal)));
  }

  @Get(':id')
  async get(@Param('id') id: string) {
    return adminAnswer(eventBody(await this.audit.get(id)));
  }
}
