import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { activationBody, leaseFileBody } from './activation-body.js';
import { ActivateOffline, ActivationsQuery } from './activations.dto.js';
import { ActivationsService } from './activations.service.js';
import { OfflineActivationService } from './offline-activation.service.js';

@ApiTags('licenses')
@ApiSecurity('admin_key')
@Requires('licenses')
@Controller('admin/licenses/:id/activations')
export class ActivationsController {
  constructor(
    private readonly activations: ActivationsService,
    private readonly offline: OfflineActivationService,
  ) {}

  /** The active seats; with `released=true` their history, too. */
  @Get()
  async list(@Param('id') id: string, @Query() query: ActivationsQuery) {
    const [rows, total] = await this.activations.list(id, query);
    return adminList(rows.map(activationBody), total, query);
  }

  /** An air-gapped panel's seat; `data` is the lease file to carry to it. */
  @Post()
  async activate(@Param('id') id: string, @Body() body: ActivateOffline, @CurrentActor() actor: Actor) {
    return adminAnswer(leaseFileBody(await this.offline.activate(id, body, actor)));
  }

  /** Frees a seat: its panel is refused from its very next call on. */
  @Delete(':activation_id')
  async release(
    @Param('id') id: string,
    @Param('activation_id') activationId: string,
    @CurrentActor() actor: Actor,
  ) {
    return adminAnswer(activationBody(await this.activations.release(id, activationId, actor)));
  }

  /** Frees every seat; `released` is how many there were. */
  @Delete()
  async reset(@Param('id') id: string, @CurrentActor() actor: Actor) {
    return adminAnswer({ released: await this.activations.reset(id, actor) });
  }
}
