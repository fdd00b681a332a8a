import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { CreatePolicy, PoliciesQuery, UpdatePolicy } from './policies.dto.js';
import { POLICY, policyBody } from './policy-body.js';
import { PoliciesService } from './policies.service.js';

@ApiTags('policies')
@ApiSecurity('admin_key')
@Requires('policies')
@Controller('admin/policies')
export class PoliciesController {
  constructor(private readonly policies: PoliciesService) {}

  @Get()
  @AdminLists('listPolicies', POLICY, {
    description: 'The tiers that licenses are sold in, whatever the product.',
  })
  async list(@Query() query: PoliciesQuery) {
    const [rows, total] = await this.policies.list(query);
    return adminList(rows.map(policyBody), total, query);
  }

  @Post()
  @AdminAnswers('createPolicy', POLICY, {
    description:
      'A tier: limits, features and durations for new licenses, and the rules that their panels meet.',
    refuses: { 409: ['The code has already been taken.'] },
  })
  async create(@Body() body: CreatePolicy, @CurrentActor() actor: Actor) {
    return adminAnswer(policyBody(await this.policies.create(body, actor)));
  }

  @Get(':id')
  @AdminAnswers('getPolicy', POLICY, {
    description: 'The rules as panels meet them now, and the defaults that the next license gets.',
  })
  async get(@Param('id') id: string) {
    return adminAnswer(policyBody(await this.policies.get(id)));
  }

  @Patch(':id')
  @AdminAnswers('updatePolicy', POLICY, {
    description:
      'Rules are read by the very next call of every panel; limits, features and dates of licenses stay as they were copied.',
    sends: { rebind_quota: 5, on_clone: 'report' },
  })
  async update(@Param('id') id: string, @Body() body: UpdatePolicy, @CurrentActor() actor: Actor) {
    return adminAnswer(policyBody(await this.policies.update(id, body, actor)));
  }

  @Delete(':id')
  @AdminAnswers('deletePolicy', null, {
    description: 'Only while no license is of it.',
    refuses: { 409: ['The policy still has licenses.'] },
  })
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.policies.remove(id, actor);
    return adminAnswer(null);
  }
}
