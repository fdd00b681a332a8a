import { Body, Controller, Get, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PanelRequest, RebindRequest } from './license.dto.js';
import { LicensePlane } from './license-plane.js';

@ApiTags('license')
@Controller('license')
export class LicenseController {
  constructor(private readonly plane: LicensePlane) {}

  /** Binds the hardware: 201 on a new seat, 200 when it already holds one. */
  @Post('activate')
  async activate(
    @Body() body: PanelRequest,
    @Req() http: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { status, answer } = await this.plane.activate(body, http);
    void reply.status(status);
    return answer;
  }

  /** The phone-home: the verdict of now, and the lease renewed. */
  @Post('validate')
  @HttpCode(200)
  validate(@Body() body: PanelRequest, @Req() http: FastifyRequest) {
    return this.plane.validate(body, http);
  }

  /** Gives the seat back. */
  @Post('deactivate')
  @HttpCode(200)
  deactivate(@Body() body: PanelRequest, @Req() http: FastifyRequest) {
    return this.plane.deactivate(body, http);
  }

  /** Moves the seat of `previous_hardware_id` to `hardware_id`. */
  @Post('rebind')
  @HttpCode(200)
  rebind(@Body() body: RebindRequest, @Req() http: FastifyRequest) {
    return this.plane.rebind(body, http);
  }

  /** The signing keys as a JWK Set. */
  @Get('keys')
  @Header('Cache-Control', 'public, max-age=300')
  keys() {
    return this.plane.keys();
  }
}
