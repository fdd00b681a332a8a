import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers } from '../../http/api-doc.js';
import { adminAnswer } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { EXPLANATION } from './explanation.js';
import { ExplainService } from './explain.service.js';
import { ISSUED_LICENSE, issuedBody } from './issued-license.js';
import { LICENSE, licenseBody } from '../../access/license-body.js';
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

  @Post('suspend')
  @HttpCode(200)
  @AdminAnswers('suspendLicense', LICENSE, {
    description: 'Refuses every panel of the license until it is reinstated.',
    refuses: { 409: ['The license is already suspended.', 'A revoked license cannot be suspended.'] },
  })
  async suspend(@Param('id') id: string, @Body() body: ChangeStatus, @CurrentActor() actor: Actor) {
    return adminAnswer(licenseBody(await this.verbs.changeStatus(id, 'suspend', body, actor)));
  }

  @Post('reinstate')
  @HttpCode(200)
  @AdminAnswers('reinstateLicense', LICENSE, {
    description: 'Panels of a suspended license are answered again from the very next call on.',
    sends: { reason: 'Paid after all' },
    refuses: { 409: ['The license is already active.', 'A revoked license cannot be reinstated.'] },
  })
  async reinstate(@Param('id') id: string, @Body() body: ChangeStatus, @CurrentActor() actor: Actor) {
    return adminAnswer(licenseBody(await this.verbs.changeStatus(id, 'reinstate', body, actor)));
  }

  @Post('revoke')
  @HttpCode(200)
  @AdminAnswers('revokeLicense', LICENSE, {
    description: 'Refuses every panel of the license for good.',
    refuses: { 409: ['The license is already revoked.'] },
  })
  async revoke(@Param('id') id: string, @Body() body: ChangeStatus, @CurrentActor() actor: Actor) {
    return adminAnswer(licenseBody(await this.verbs.changeStatus(id, 'revoke', body, actor)));
  }

  @Post('renew')
  @HttpCode(200)
  @AdminAnswers('renewLicense', LICENSE, {
    description: 'Extends what ends: the license by `days`, its updates by those of the policy.',
    refuses: { 409: ['The license has no end that could be extended.'] },
  })
  async renew(@Param('id') id: string, @Body() body: RenewLicense, @CurrentActor() actor: Actor) {
    return adminAnswer(licenseBody(await this.verbs.renew(id, body, actor)));
  }

  @Post('rotate-key')
  @HttpCode(200)
  @AdminAnswers('rotateLicenseKey', ISSUED_LICENSE, {
    description: 'Replaces the key; the answer is the only one that holds the new one. Seats stay.',
    refuses: { 409: ['A revoked license cannot be given a new key.'] },
  })
  async rotateKey(@Param('id') id: string, @Body() body: RotateKey, @CurrentActor() actor: Actor) {
    return adminAnswer(issuedBody(await this.verbs.rotateKey(id, body, actor)));
  }

  @Post('explain')
  @HttpCode(200)
  @AdminAnswers('explainLicense', EXPLANATION, {
    description:
      'What a call would be answered at a moment, rule by rule, also past the first that fails. Changes nothing.',
  })
  @Requires('licenses', 'read')
  async explain(@Param('id') id: string, @Body() body: ExplainLicense) {
    return adminAnswer(await this.explanations.explain(id, body));
  }
}
