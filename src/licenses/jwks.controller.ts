import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { LicensePlane } from './license-plane.js';

/** The same keys where JOSE libraries look for them. */
@ApiTags('license')
@Controller('.well-known')
export class JwksController {
  constructor(private readonly plane: LicensePlane) {}

  @Get('jwks.json')
  @Header('Cache-Control', 'public, max-age=300')
  keys() {
    return this.plane.keys();
  }
}
