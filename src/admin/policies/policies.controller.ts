import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Policy } from '../../database/entities/index.js';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { CreatePolicy, PoliciesQuery, UpdatePolicy } from './policies.dto.js';
import { PoliciesService } from './policies.service.js';

const policyBody = (row: Policy) => ({
  id: row.id,
  code: row.code,
  name: row.name,
  limits: row.limits,
  features: row.features,
  max_activations: row.maxActivations,
  duration_days: row.durationDays,
  updates_days: row.updatesDays,
  minimum_version: row.minimumVersion,
  lease: {
    refresh_after: row.refreshAfterSeconds,
    valid_for: row.validForSeconds,
    grace_for: row.graceForSeconds,
  },
  release_seat_after_days: row.releaseSeatAfterDays,
  rebind_quota: row.rebindQuota,
  on_clone: row.onClone,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});

@ApiTags('policies')
@ApiSecurity('admin_key')
@Requires('policies')
@Controller('admin/policies')
export class PoliciesController {
  constructor(private readonly policies: PoliciesService) {}

  @Get()
  async list(@Query() query: PoliciesQuery) {
    const [rows, total] = await this.policies.list(query);
    return adminList(rows.map(policyBody), total, query);
  }

  @Post()
  async create(@Body() body: CreatePolicy, @CurrentActor() actor: Actor) {
    return adminAnswer(policyBody(await this.policies.create(body, actor)));
  }

  @Get(':id')
  async get(@Param('id') id: string) {
    return adminAnswer(policyBody(await this.policies.get(id)));
  }

  /** Rules are read by the very next call of every panel; limits, features and dates of licenses stay as they were copied. */
  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: UpdatePolicy, @CurrentActor() actor: Actor) {
    return adminAnswer(policyBody(await this.policies.update(id, body, actor)));
  }

  /** Refused while the policy has licenses. */
  @Delete(':id')
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.policies.remove(id, actor);
    return adminAnswer(null);
  }
}
