import { Body, Controller, Get, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JWK_SET } from '../access/license-answer.js';
import { RULES_OF } from '../domain/verdicts.js';
import { Answers } from '../http/api-doc.js';
import { GIVEN_BACK, GRANTED } from './answers.js';
import { PanelRequest, RebindRequest } from './license.dto.js';
import { LicensePlane } from './license-plane.js';

@ApiTags('license')
@Controller('license')
export class LicenseController {
  constructor(private readonly plane: LicensePlane) {}

  @Post('activate')
  @Answers(
    'activateLicense',
    { 200: GRANTED, 201: GRANTED },
    {
      description: 'Binds the hardware: 201 on a new seat, 200 when it already holds one.',
      verdicts: RULES_OF.activate,
    },
  )
  async activate(
    @Body() body: PanelRequest,
    @Req() http: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { status, answer } = await this.plane.activate(body, http);
    void reply.status(status);
    return answer;
  }

  @Post('validate')
  @HttpCode(200)
  @Answers(
    'validateLicense',
    { 200: GRANTED },
    {
      description: 'The phone-home: the verdict of now, and the lease renewed. It never takes a seat.',
      verdicts: RULES_OF.validate,
    },
  )
  validate(@Body() body: PanelRequest, @Req() http: FastifyRequest) {
    return this.plane.validate(body, http);
  }

  @Post('deactivate')
  @HttpCode(200)
  @Answers(
    'deactivateLicense',
    { 200: GIVEN_BACK },
    { description: 'Gives the seat back.', verdicts: RULES_OF.deactivate },
  )
  deactivate(@Body() body: PanelRequest, @Req() http: FastifyRequest) {
    return this.plane.deactivate(body, http);
  }

  @Post('rebind')
  @HttpCode(200)
  @Answers(
    'rebindLicense',
    { 200: GRANTED },
    {
      description: 'Moves the seat of `previous_hardware_id` to `hardware_id`. Sent again it costs no quota.',
      verdicts: RULES_OF.rebind,
    },
  )
  rebind(@Body() body: RebindRequest, @Req() http: FastifyRequest) {
    return this.plane.rebind(body, http);
  }

  @Get('keys')
  @Answers('listSigningKeys', { 200: JWK_SET }, { description: 'As a JWK Set.' })
  @Header('Cache-Control', 'public, max-age=300')
  keys() {
    return this.plane.keys();
  }
}
