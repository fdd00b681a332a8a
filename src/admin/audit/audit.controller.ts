import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { exampleId } from '../../http/examples.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { AUDIT_EVENT, eventBody, VERIFICATION, verificationBody } from './audit-body.js';
import { AuditQuery, VerifyAuditQuery } from './audit.dto.js';
import { AuditService } from './audit.service.js';

@ApiTags('audit')
@ApiSecurity('admin_key')
@Requires('audit')
@Controller('admin/audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @AdminLists('listAuditEvents', AUDIT_EVENT, {
    description:
      'Everything that was changed, by whom and when; `action` takes `license.*` for all that happened to licenses. A text (`q`) is looked for in the newest 100,000 of the events that the other filters leave; narrow them to find it in older ones.',
  })
  async list(@Query() query: AuditQuery) {
    const [events, total] = await this.audit.list(query);
    return adminList(events.map(eventBody), total, query);
  }

  @Get('verify')
  @AdminAnswers('verifyAudit', VERIFICATION, {
    description:
      'Checks the whole log against the chain that seals it, and names what was changed, removed or inserted. Note the `head` of the answer elsewhere: the next call proves with it that nothing was cut off the end since.',
  })
  async verify(@Query() query: VerifyAuditQuery, @Req() { signal }: FastifyRequest) {
    return adminAnswer(verificationBody(await this.audit.verify(query, signal)));
  }

  @Get(':id')
  @AdminAnswers('getAuditEvent', AUDIT_EVENT, {
    description: 'One change with its details and its place in the chain.',
    parameters: { id: exampleId('AuditEvent') },
    refuses: { 404: ['Audit event not found'] },
  })
  async get(@Param('id') id: string) {
    return adminAnswer(eventBody(await this.audit.get(id)));
  }
}
