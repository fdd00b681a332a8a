import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { adminAnswer } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { ExplainService } from './explain.service.js';
import { issuedBody, licenseBody } from './license-body.js';
import { LicenseVerbsService } from './license-verbs.service.js';
import { ChangeStatus, ExplainLicense, RenewLicense, RotateKey } from './licenses.dto.js';

@ApiTags('licenses')
@ApiSecurity('admin_key')
@Requires('licenses')
@Controller('admin/licenses/:id')
export class LicenseVerbsController {
  constructor(
    private readonly verbs: LicenseVerbsService,
    private readonly explanations: ExplainService,
  ) {}

  /** Refuses every panel of the license until it is reinstated. */
  @Post('suspend')
  @HttpCode(200)
  async suspend(@Param('id') id: string, @Body() body: ChangeStatus, @CurrentActor() actor: Actor) {
    return adminAnswer(licenseBody(await this.verbs.changeStatus(id, 'suspend', body, actor)));
  }

  @Post('reinstate')
  @HttpCode(200)
  async reinstate(@Param('id') id: string, @Body() body: ChangeStatus, @CurrentActor() actor: Actor) {
    return adminAnswer(licenseBody(await this.verbs.changeStatus(id, 'reinstate', body, actor)));
  }

  /** Refuses every panel of the license for good. */
  @Post('revoke')
  @HttpCode(200)
  async revoke(@Param('id') id: string, @Body() body: ChangeStatus, @CurrentActor() actor: Actor) {
    return adminAnswer(licenseBody(await this.verbs.changeStatus(id, 'revoke', body, actor)));
  }

  /** Extends what ends: the license by `days`, its updates by those of the policy. */
  @Post('renew')
  @HttpCode(200)
  async renew(@Param('id') id: string, @Body() body: RenewLicense, @CurrentActor() actor: Actor) {
    return adminAnswer(licenseBody(await this.verbs.renew(id, body, actor)));
  }

  /** Replaces the key; the answer is the only one that holds the new one. Seats stay. */
  @Post('rotate-key')
  @HttpCode(200)
  async rotateKey(@Param('id') id: string, @Body() body: RotateKey, @CurrentActor() actor: Actor) {
    return adminAnswer(issuedBody(await this.verbs.rotateKey(id, body, actor)));
  }

  /** What a call would be answered at a moment, rule by rule. Changes nothing. */
  @Post('explain')
  @HttpCode(200)
  @Requires('licenses', 'read')
  async explain(@Param('id') id: string, @Body() body: ExplainLicense) {
    return adminAnswer(await this.explanations.explain(id, body));
  }
}
