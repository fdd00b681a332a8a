import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { RULES_OF } from '../../domain/verdicts.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { ACTIVATION, activationBody } from '../../access/activation-body.js';
import { LEASE_FILE, leaseFileBody, RESET } from './lease-file.js';
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

  @Get()
  @AdminLists('listActivations', ACTIVATION, {
    description: 'The active seats; with `released=true` their history, too.',
  })
  async list(@Param('id') id: string, @Query() query: ActivationsQuery) {
    const [rows, total] = await this.activations.list(id, query);
    return adminList(rows.map(activationBody), total, query);
  }

  @Post()
  @AdminAnswers('activateOffline', LEASE_FILE, {
    description: "An air-gapped panel's seat; `data` is the lease file to carry to it.",
    verdicts: RULES_OF.activate.filter((code) => code !== 'INVALID_KEY'),
  })
  async activate(@Param('id') id: string, @Body() body: ActivateOffline, @CurrentActor() actor: Actor) {
    return adminAnswer(leaseFileBody(await this.offline.activate(id, body, actor)));
  }

  @Delete(':activation_id')
  @AdminAnswers('releaseActivation', ACTIVATION, {
    description: 'Frees a seat: its panel is refused from its very next call on.',
  })
  async release(
    @Param('id') id: string,
    @Param('activation_id') activationId: string,
    @CurrentActor() actor: Actor,
  ) {
    return adminAnswer(activationBody(await this.activations.release(id, activationId, actor)));
  }

  @Delete()
  @AdminAnswers('resetActivations', RESET, {
    description: 'Frees every seat; `released` is how many there were.',
  })
  async reset(@Param('id') id: string, @CurrentActor() actor: Actor) {
    return adminAnswer({ released: await this.activations.reset(id, actor) });
  }
}
